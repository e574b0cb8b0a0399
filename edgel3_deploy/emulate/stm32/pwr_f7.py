"""PWR of the STM32F7 (RM0410 section 4): voltage scale and over-drive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from edgel3_deploy.emulate.core.bus import Log, OutOfSpecError, Peripheral
from edgel3_deploy.emulate.stm32.pace import Pace, Ready

CR1, CSR1 = 0x00, 0x04
VOS, ODEN, ODSWEN = 3 << 14, 1 << 16, 1 << 17
VOSRDY, ODRDY, ODSWRDY = 1 << 14, 1 << 16, 1 << 17
_SCALE_3 = 1
_OVERDRIVE_SECONDS, _SWITCH_SECONDS = 45e-6, 10e-6


class Pll(Protocol):
    """What the voltage regulator depends on."""

    @property
    def pll_on(self) -> bool: ...
    @property
    def runs_on_pll(self) -> bool: ...

    pll_ready: Ready


class PwrF7(Peripheral):
    """The voltage scale takes effect, and is ready, while the PLL runs; over-drive needs the PLL on.

    `on_change` is called when the clocks may have become too fast for the voltage.
    """

    RESET: ClassVar[Mapping[int, int]] = {CR1: 0x0000_C000, CSR1: 0, 0x08: 0, 0x0C: 0}

    def __init__(self, log: Log, pace: Pace, rcc: Pll) -> None:
        super().__init__("PWR", log)
        self._rcc = rcc
        self._pace = pace
        self.on_change: Callable[[], None] = lambda: None
        self._leave_overdrive()

    def reset(self) -> None:
        super().reset()
        self._leave_overdrive()

    def _leave_overdrive(self) -> None:
        self._overdrive = Ready(self._pace, _OVERDRIVE_SECONDS)
        self._switched = Ready(self._pace, _SWITCH_SECONDS)

    @property
    def cpu_limit(self) -> float:
        """Highest HCLK in Hz that scale and over-drive allow now (RM0410 4.1.4)."""
        scale = self.registers[CR1] >> 14 & 3 if self._rcc.pll_ready else _SCALE_3
        if self.overdrive:
            return {3: 216e6, 2: 180e6}.get(scale, 144e6)
        return {3: 180e6, 2: 168e6}.get(scale, 144e6)

    @property
    def overdrive(self) -> bool:
        """Whether over-drive is switched on."""
        return bool(self._switched)

    def read(self, offset: int) -> int:
        if offset != CSR1:
            return super().read(offset)
        return (
            (VOSRDY if self._rcc.pll_ready else 0)
            | (ODRDY if self._overdrive.look() else 0)
            | (ODSWRDY if self._switched.look() else 0)
        )

    def write(self, offset: int, value: int) -> None:
        if offset == CSR1:
            return
        if offset != CR1:
            super().write(offset, value)
            return
        before = self.registers[CR1]
        if (before ^ value) & VOS and self._rcc.pll_on:
            self.log("PWR_CR1.VOS was written while the PLL is on: ignored")
            value = value & ~VOS | before & VOS
        if (before ^ value) & (ODEN | ODSWEN):
            self._check_overdrive(value & ~before)
        super().write(offset, value)
        self._overdrive.follow(bool(value & ODEN))
        self._switched.follow(bool(value & ODSWEN and self._overdrive))
        self.on_change()

    def _check_overdrive(self, risen: int) -> None:
        """The order of RM0410 section 4.1.4, entering and leaving over-drive mode."""
        if self._rcc.runs_on_pll:
            raise OutOfSpecError("over-drive is switched while the PLL is the system clock")
        if risen & ODEN and not self._rcc.pll_on:
            raise OutOfSpecError("PWR_CR1.ODEN is set while the PLL is off")
        if risen & ODSWEN and not self._overdrive:
            raise OutOfSpecError("PWR_CR1.ODSWEN is set before PWR_CSR1.ODRDY")
