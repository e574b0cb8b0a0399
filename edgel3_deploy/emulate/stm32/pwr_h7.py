"""PWR of the STM32H743/H753 (RM0433 section 6): supply configuration and voltage scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.stm32.pace import Delay, Pace, Ready

CR1, CSR1, CR3, D3CR = 0x00, 0x04, 0x0C, 0x18
ACTVOSRDY, VOSRDY = 1 << 13, 1 << 13
_FIELD = {0: 3, 1: 3, 2: 2, 3: 1}
_CPU_LIMITS_HZ = {0: 480e6, 1: 400e6, 2: 300e6, 3: 200e6}
_SUPPLY_SECONDS, _SCALE_SECONDS = 100e-6, 50e-6


class PwrH7(Peripheral):
    """The voltage scale only moves once the supply was configured by writing CR3, which works once.

    `scale` and `cpu_limit` are those in force: a rise takes time, a fall none. `on_change` is called when the
    clocks may have become too fast for the voltage.
    """

    RESET: ClassVar[Mapping[int, int]] = {
        CR1: 0xF000_C000,
        CSR1: 0,
        0x08: 0,
        CR3: 0x0000_0006,
        0x10: 0,
        D3CR: 0x0000_4000,
        0x20: 0,
        0x28: 0,
    }

    def __init__(self, log: Log, pace: Pace, overdrive: Callable[[], bool]) -> None:
        """`overdrive` gives SYSCFG_PWRCR.ODEN, which lifts scale 1 to VOS0."""
        super().__init__("PWR", log)
        self._pace = pace
        self._overdrive = overdrive
        self._supply = Ready(pace, _SUPPLY_SECONDS)
        self.on_change: Callable[[], None] = lambda: None
        self._forget()

    def reset(self) -> None:
        super().reset()
        self._forget()

    def _forget(self) -> None:
        self._selected = self._wanted = self._before = 3
        self._move = Delay()

    @property
    def scale(self) -> int:
        """0 for VOS0 to 3 for VOS3: the voltage that the core has now."""
        return self._wanted if self._move.over else max(self._before, self._wanted)

    @property
    def cpu_limit(self) -> float:
        """Highest CPU clock in Hz at this voltage scale (RM0433 6.6.2); the bus gets half."""
        return _CPU_LIMITS_HZ[self.scale]

    def overdrive_changed(self) -> None:
        """SYSCFG_PWRCR.ODEN was written: takes effect at scale 1."""
        if self._overdrive() and self._selected != 1:
            self.log("SYSCFG_PWRCR.ODEN is set while the voltage scale is not VOS1")
        self._aim()

    def read(self, offset: int) -> int:
        if offset == CSR1:
            return _FIELD[self.scale] << 14 | (ACTVOSRDY if self._supply.look() else 0)
        value = super().read(offset)
        if offset == D3CR:
            value |= VOSRDY if self._move.look() and self._supply else 0
        return value

    def write(self, offset: int, value: int) -> None:
        if offset == CSR1:
            return
        if offset == CR3:
            if self._supply:
                return
            self._supply.follow(True)
        super().write(offset, value & ~VOSRDY if offset == D3CR else value)
        if offset == D3CR and self._supply:
            self._selected = {3: 1, 2: 2}.get(value >> 14 & 3, 3)
            self._aim()

    def _aim(self) -> None:
        """Let the regulator move to what is selected now."""
        wanted = 0 if self._selected == 1 and self._overdrive() else self._selected
        self._before = self.scale
        self._wanted = wanted
        self._move = self._pace.after(_SCALE_SECONDS)
        self.on_change()
