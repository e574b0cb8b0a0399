"""PWR of the STM32H743/H753 (RM0433 section 6): supply configuration and voltage scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from edgel3_deploy.emulate.core.bus import Log, Peripheral, Ready

CR1, CSR1, CR3, D3CR = 0x00, 0x04, 0x0C, 0x18
ACTVOSRDY, VOSRDY = 1 << 13, 1 << 13
_SCALE3, _SCALE1 = 1, 3


class PwrH7(Peripheral):
    """The voltage scale only moves once the supply was configured by writing CR3, which works once."""

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

    def __init__(self, log: Log, overdrive: Callable[[], bool]) -> None:
        """`overdrive` gives SYSCFG_PWRCR.ODEN, which lifts scale 1 to VOS0."""
        super().__init__("PWR", log)
        self._overdrive = overdrive
        self._supply, self._scale_ready = Ready(), Ready()
        self._scale = _SCALE3

    def reset(self) -> None:
        super().reset()
        self._scale_ready = Ready()
        self._scale_ready.follow(bool(self._supply))
        self._scale = _SCALE3

    @property
    def cpu_limit(self) -> float:
        """Highest CPU clock in Hz at this voltage scale (RM0433 6.6.2, revision V); the bus gets half."""
        if self._scale == _SCALE1:
            return 480e6 if self._overdrive() else 400e6
        return {2: 300e6}.get(self._scale, 200e6)

    @property
    def scale(self) -> int:
        """0 for VOS0 to 3 for VOS3."""
        if self._scale == _SCALE1:
            return 0 if self._overdrive() else 1
        return {2: 2}.get(self._scale, 3)

    def read(self, offset: int) -> int:
        if offset == CSR1:
            return self._scale << 14 | (ACTVOSRDY if self._supply.look() else 0)
        value = super().read(offset)
        if offset == D3CR:
            value |= VOSRDY if self._scale_ready.look() else 0
        return value

    def write(self, offset: int, value: int) -> None:
        if offset == CSR1:
            return
        if offset == CR3:
            if self._supply:
                return
            self._supply.follow(True)
            self._scale_ready.follow(True)
        super().write(offset, value & ~VOSRDY if offset == D3CR else value)
        if offset == D3CR and self._supply:
            self._scale = value >> 14 & 3
            self._scale_ready = Ready()
            self._scale_ready.follow(True)
