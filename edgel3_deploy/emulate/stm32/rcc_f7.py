"""RCC of the STM32F7 (RM0410 section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from edgel3_deploy.boards.board import Clock
from edgel3_deploy.emulate.core.bus import Log, OutOfSpecError
from edgel3_deploy.emulate.stm32.clocks import (
    LSE_HZ,
    Clocks,
    ResetAndClockControl,
    ResetCause,
    ahb_divider,
    apb_divider,
)
from edgel3_deploy.emulate.stm32.pace import Pace

CR, PLLCFGR, CFGR, CSR, PLLSAICFGR, DCKCFGR1, DCKCFGR2 = 0x00, 0x04, 0x08, 0x74, 0x88, 0x8C, 0x90
DFSDM1SEL = 1 << 25
AHB1ENR, APB1ENR, APB2ENR = 0x30, 0x40, 0x44
HSEON, HSERDY, HSEBYP, PLLON, PLLRDY = 1 << 16, 1 << 17, 1 << 18, 1 << 24, 1 << 25
PLLSAION, PLLSAIRDY, PLLSAIDIVQ = 1 << 28, 1 << 29, 31 << 8
HSI_HZ = 16e6
HSI, HSE, PLL = range(3)
_PLL_OUTPUT_MAX_HZ = 216e6
_PLL_FIELDS = {"M": (0, 63, 2, 63), "N": (6, 511, 50, 432), "Q": (24, 15, 2, 15), "R": (28, 7, 2, 7)}
"""Shift, mask, lowest and highest value of the factors in RCC_PLLCFGR, and in RCC_PLLSAICFGR but for M."""

_USART_SELECT = {
    name: 2 * place
    for place, name in enumerate(("USART1", "USART2", "USART3", "UART4", "UART5", "USART6", "UART7", "UART8"))
}


class RccF7(ResetAndClockControl):
    """HSI, HSE, main PLL up to the USARTs' kernel clocks, PLLSAI up to SAI1's. PLLI2S is storage only."""

    RESET = dict.fromkeys(
        (*range(0x0C, 0x1C, 4), 0x20, 0x24, *range(0x30, 0x3C, 4), 0x40, 0x44, *range(0x50, 0x5C, 4), 0x60),
        0,
    ) | {
        CR: 0x0000_0083,
        PLLCFGR: 0x2400_3010,
        CFGR: 0,
        AHB1ENR: 0x0010_0000,
        0x64: 0x04F7_7F33,
        0x70: 0,
        CSR: 0,
        0x80: 0,
        0x84: 0x2400_3000,
        PLLSAICFGR: 0x2400_3000,
        DCKCFGR1: 0,
        DCKCFGR2: 0,
    }
    ENABLES = {f"GPIO{port}": (AHB1ENR, bit) for bit, port in enumerate("ABCDEFGHIJK")} | {
        "DMA1": (AHB1ENR, 21),
        "DMA2": (AHB1ENR, 22),
        "USART2": (APB1ENR, 17),
        "USART3": (APB1ENR, 18),
        "UART4": (APB1ENR, 19),
        "UART5": (APB1ENR, 20),
        "PWR": (APB1ENR, 28),
        "UART7": (APB1ENR, 30),
        "UART8": (APB1ENR, 31),
        "USART1": (APB2ENR, 4),
        "USART6": (APB2ENR, 5),
        "SYSCFG": (APB2ENR, 14),
        "SAI1": (APB2ENR, 22),
        "DFSDM1": (APB2ENR, 29),
    }
    RESET_DISTANCE = 0x20
    CAUSE = CSR
    # Every reset drives the reset pin, so PINRSTF (bit 26) comes with all of them.
    CAUSES: ClassVar[Mapping[ResetCause, int]] = {
        ResetCause.POWER_ON: 1 << 25 | 1 << 26 | 1 << 27,
        ResetCause.PIN: 1 << 26,
        ResetCause.SOFTWARE: 1 << 26 | 1 << 28,
        ResetCause.WATCHDOG: 1 << 26 | 1 << 29,
    }
    REMOVE_CAUSE = 1 << 24

    def __init__(self, clock: Clock, log: Log, pace: Pace, *, hse_sticks: bool = False) -> None:
        super().__init__(clock, log, pace, hse_sticks=hse_sticks)
        self._source = HSI

    def reset(self) -> None:
        self._source = HSI
        super().reset()

    @property
    def pll_on(self) -> bool:
        """RCC_CR.PLLON."""
        return bool(self.registers[CR] & PLLON)

    @property
    def runs_on_pll(self) -> bool:
        """Whether the PLL is the system clock."""
        return self._source == PLL

    def read(self, offset: int) -> int:
        value = super().read(offset)
        if offset == CR:
            value |= (HSERDY if self.hse_ready.look() else 0) | (PLLRDY if self.pll_ready.look() else 0)
            value |= PLLSAIRDY if self.audio_pll_ready.look() else 0
        elif offset == CFGR:
            value |= self._source << 2
            self.hse_ready.look()
            self.pll_ready.look()
        self._switch()
        return value

    def write(self, offset: int, value: int) -> None:
        if offset == CR:
            value = self._keep_bypass(value & ~(HSERDY | PLLRDY | PLLSAIRDY) | 2, HSEON, HSEBYP)
            if self._source == PLL:
                value |= PLLON
            if self._source == HSE or (self._source == PLL and self.registers[PLLCFGR] >> 22 & 1):
                value |= HSEON
        elif offset == PLLCFGR and self.registers[CR] & PLLON:
            self.log("RCC_PLLCFGR was written while the PLL is on: ignored")
            return
        elif offset == PLLSAICFGR and self.registers[CR] & PLLSAION:
            self.log("RCC_PLLSAICFGR was written while PLLSAI is on: ignored")
            return
        elif offset == DCKCFGR1 and self.registers[CR] & PLLSAION:
            if (self.registers[DCKCFGR1] ^ value) & PLLSAIDIVQ:
                self.log("RCC_DCKCFGR1.PLLSAIDIVQ was written while PLLSAI is on: ignored")
            value = value & ~PLLSAIDIVQ | self.registers[DCKCFGR1] & PLLSAIDIVQ
        elif offset == CFGR:
            value &= ~0xC
        super().write(offset, value)
        if offset == CR:
            # A crystal does not start in bypass mode, and a clock signal passes no oscillator.
            has_source = self._clock.hse_hz and bool(value & HSEBYP) == self._clock.hse_bypass
            self.hse_ready.follow(bool(value & HSEON and has_source))
            self._check_pll(value)
            self.pll_ready.follow(bool(value & PLLON and self._pll_input()))
            self._check_audio_pll(value)
            self.audio_pll_ready.follow(bool(value & PLLSAION and self._pll_input()))
        self._switch()
        self._changed()

    def clocks(self) -> Clocks:
        cfgr = self.registers[CFGR]
        sysclk = (HSI_HZ, float(self._clock.hse_hz), self._pll_output())[self._source]
        bus = sysclk / ahb_divider(cfgr >> 4 & 15)
        return Clocks(sysclk, bus, bus, bus / apb_divider(cfgr >> 10 & 7), bus / apb_divider(cfgr >> 13 & 7))

    def _usart_clock(self, name: str) -> float:
        clocks = self.clocks()
        apb = clocks.apb2 if name in ("USART1", "USART6") else clocks.apb1
        return (apb, clocks.sysclk, HSI_HZ, LSE_HZ)[self.registers[DCKCFGR2] >> _USART_SELECT[name] & 3]

    def dfsdm_clock(self) -> float:
        """Kernel clock of DFSDM1 in Hz."""
        clocks = self.clocks()
        return clocks.sysclk if self.registers[DCKCFGR1] & DFSDM1SEL else clocks.apb2

    def sai_clock(self) -> float:
        select = self.registers[DCKCFGR1] >> 20 & 3
        if select == 3:
            return self._pll_input()
        if select or not self.audio_pll_ready:
            return 0.0
        output = self._audio_vco() / (self.registers[PLLSAICFGR] >> 24 & 15)
        return output / ((self.registers[DCKCFGR1] >> 8 & 31) + 1)

    def _switch(self) -> None:
        """The system clock follows CFGR.SW, but not before the wanted source is ready."""
        wanted = self.registers[CFGR] & 3
        ready = (True, bool(self.hse_ready), bool(self.pll_ready), False)[wanted]
        if wanted != self._source and ready:
            self._source = wanted
            self._changed()

    def _pll_input(self) -> float:
        if self.registers[PLLCFGR] >> 22 & 1:
            return float(self._clock.hse_hz) if self.hse_ready else 0.0
        return HSI_HZ

    def _vco(self) -> tuple[float, float]:
        pllcfgr = self.registers[PLLCFGR]
        reference = self._pll_input() / max(1, pllcfgr & 63)
        return reference, reference * (pllcfgr >> 6 & 511)

    def _audio_vco(self) -> float:
        return self._vco()[0] * (self.registers[PLLSAICFGR] >> 6 & 511)

    def _check_audio_pll(self, cr: int) -> None:
        """The ranges of RCC_PLLSAICFGR (RM0410 5.3.24)."""
        if not cr & PLLSAION or not self._vco()[0]:
            return
        if not 100e6 <= self._audio_vco() <= 432e6:
            raise OutOfSpecError(f"PLLSAI's VCO would run at {self._audio_vco() / 1e6:.1f} MHz")
        self._check_factors("PLLSAI", PLLSAICFGR, ("N", "Q", "R"))

    def _pll_output(self) -> float:
        return self._vco()[1] / (2 * (self.registers[PLLCFGR] >> 16 & 3) + 2)

    def _check_pll(self, cr: int) -> None:
        """The ranges of RCC_PLLCFGR (RM0410 5.3.2), and the data sheet's of the PLL's input."""
        reference, vco = self._vco()
        if not cr & PLLON or not reference:
            return
        if not (0.95e6 <= reference <= 2.1e6 and 100e6 <= vco <= 432e6):
            raise OutOfSpecError(f"the PLL runs at {vco / 1e6:.1f} MHz from {reference / 1e6:.2f} MHz")
        if self._pll_output() > _PLL_OUTPUT_MAX_HZ:
            raise OutOfSpecError(
                f"the PLL's output P would be {self._pll_output() / 1e6:.1f} MHz, over 216 MHz"
            )
        self._check_factors("PLL", PLLCFGR, _PLL_FIELDS)

    def _check_factors(self, pll: str, register: int, names: Iterable[str]) -> None:
        for name in names:
            shift, mask, low, high = _PLL_FIELDS[name]
            value = self.registers[register] >> shift & mask
            if not low <= value <= high:
                raise OutOfSpecError(f"{pll}{name} is {value}, not {low} to {high}")
