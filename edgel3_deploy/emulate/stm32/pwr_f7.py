"""PWR of the STM32F7 (RM0410 section 4): voltage scale and over-drive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from edgel3_deploy.emulate.core.bus import Log, Peripheral, Ready

CR1, CSR1 = 0x00, 0x04
ODEN, ODSWEN = 1 << 16, 1 << 17
VOSRDY, ODRDY, ODSWRDY = 1 << 14, 1 << 16, 1 << 17


class PwrF7(Peripheral):
    """The voltage scale takes effect, and is ready, while the PLL runs."""

    RESET: ClassVar[Mapping[int, int]] = {CR1: 0x0000_C000, CSR1: 0, 0x08: 0, 0x0C: 0}

    def __init__(self, log: Log, pll_ready: Callable[[], bool]) -> None:
        super().__init__("PWR", log)
        self._pll_ready = pll_ready
        self._overdrive, self._switched = Ready(), Ready()

    def reset(self) -> None:
        super().reset()
        self._overdrive, self._switched = Ready(), Ready()

    @property
    def cpu_limit(self) -> float:
        """Highest HCLK in Hz that scale and over-drive allow (RM0410 4.1.4)."""
        scale = self.registers[CR1] >> 14 & 3
        if self._switched:
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
            (VOSRDY if self._pll_ready() else 0)
            | (ODRDY if self._overdrive.look() else 0)
            | (ODSWRDY if self._switched.look() else 0)
        )

    def write(self, offset: int, value: int) -> None:
        if offset == CSR1:
            return
        super().write(offset, value)
        if offset == CR1:
            self._overdrive.follow(bool(value & ODEN))
            self._switched.follow(bool(value & ODSWEN and self._overdrive))
