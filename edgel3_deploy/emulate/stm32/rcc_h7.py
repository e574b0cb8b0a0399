"""RCC of the STM32H743/H753 (RM0433 section 8)."""

from __future__ import annotations

from collections.abc import Mapping
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
from edgel3_deploy.emulate.stm32.pace import Pace, Ready

CR, CFGR, D1CFGR, D2CFGR, PLLCKSELR, PLLCFGR = 0x00, 0x10, 0x18, 0x1C, 0x28, 0x2C
PLL1DIVR, PLL1FRACR, PLL2DIVR, PLL2FRACR = 0x30, 0x34, 0x38, 0x3C
D2CCIP1R, D2CCIP2R, RSR = 0x50, 0x54, 0xD0
AHB1ENR, AHB2ENR, AHB4ENR, APB1LENR, APB2ENR, APB4ENR = 0xD8, 0xDC, 0xE0, 0xE8, 0xF0, 0xF4
HSIRDY, HSIDIVF, CSION, CSIRDY, HSI48ON, HSI48RDY = 1 << 2, 1 << 5, 1 << 7, 1 << 8, 1 << 12, 1 << 13
HSEON, HSERDY, HSEBYP, PLL1ON, PLL1RDY = 1 << 16, 1 << 17, 1 << 18, 1 << 24, 1 << 25
PLL2ON, PLL2RDY = 1 << 26, 1 << 27
DOMAINS_READY = 3 << 14
HSI_HZ, CSI_HZ = 64e6, 4e6
HSI, CSI, HSE, PLL1 = range(4)
_CSI_SECONDS = 4e-6
_PLL_ON = {1: PLL1ON, 2: PLL2ON}
_PLLCKSELR_FIELDS = {1: 3 | 63 << 4, 2: 3 | 63 << 12}
_PLLCFGR_FIELDS = {1: 0xE | 1 << 16, 2: 0xE0 | 1 << 19}
"""What of a register is fixed while one of the PLLs is on: for both the source that they share."""
_REGISTERS = {1: (PLL1DIVR, PLL1FRACR), 2: (PLL2DIVR, PLL2FRACR)}
_PLL_N_MINIMUM = 4
_WIDE_VCO_REFERENCE_HZ = 2e6
_REFERENCE_RANGES = ((1e6, 2e6), (2e6, 4e6), (4e6, 8e6), (8e6, 16e6))


class RccH7(ResetAndClockControl):
    """HSI, CSI, HSE, PLL1 up to the USARTs' kernel clocks and PLL2 up to SAI1's. PLL3 is storage only."""

    RESET = dict.fromkeys(
        (*range(0x04, 0x28, 4), *range(0x4C, 0x78, 4), *range(0x7C, 0xAC, 4), *range(0xD0, 0x120, 4)), 0
    ) | {
        CR: 0x0000_0001,
        PLLCKSELR: 0x0202_0200,
        PLLCFGR: 0x01FF_0000,
        PLL1DIVR: 0x0101_0280,
        PLL1FRACR: 0,
        PLL2DIVR: 0x0101_0280,
        PLL2FRACR: 0,
        0x40: 0x0101_0280,
        0x44: 0,
    }
    ENABLES = {f"GPIO{port}": (AHB4ENR, bit) for bit, port in enumerate("ABCDEFGHIJK")} | {
        "DMA1": (AHB1ENR, 0),
        "DMA2": (AHB1ENR, 1),
        "USART2": (APB1LENR, 17),
        "USART3": (APB1LENR, 18),
        "UART4": (APB1LENR, 19),
        "UART5": (APB1LENR, 20),
        "UART7": (APB1LENR, 30),
        "UART8": (APB1LENR, 31),
        "USART1": (APB2ENR, 4),
        "USART6": (APB2ENR, 5),
        "SAI1": (APB2ENR, 22),
        "SYSCFG": (APB4ENR, 1),
        "sram1": (AHB2ENR, 29),
        "sram2": (AHB2ENR, 30),
        "sram3": (AHB2ENR, 31),
    }
    RESET_DISTANCE = 0x58
    CAUSE = RSR
    # RM0433 table 55: every reset drives the reset pin (bit 22) and resets CPU and domains as listed there.
    CAUSES: ClassVar[Mapping[ResetCause, int]] = {
        ResetCause.POWER_ON: 0x00FE_0000,
        ResetCause.PIN: 1 << 17 | 1 << 22,
        ResetCause.SOFTWARE: 1 << 17 | 1 << 22 | 1 << 24,
        ResetCause.WATCHDOG: 1 << 17 | 1 << 22 | 1 << 26,
    }
    REMOVE_CAUSE = 1 << 16

    def __init__(
        self, clock: Clock, log: Log, pace: Pace, *, hse_sticks: bool = False, vco_max_hz: float = 960e6
    ) -> None:
        """`vco_max_hz` of the wide VCO depends on the silicon revision."""
        self._vco_max_hz = vco_max_hz
        super().__init__(clock, log, pace, hse_sticks=hse_sticks)
        self._source = HSI

    def reset(self) -> None:
        self._source = HSI
        super().reset()

    def _stop_sources(self) -> None:
        super()._stop_sources()
        self._csi_ready = Ready(self._pace, _CSI_SECONDS)

    def read(self, offset: int) -> int:
        value = super().read(offset)
        if offset == CR:
            value |= DOMAINS_READY | HSIRDY | HSIDIVF | (HSI48RDY if value & HSI48ON else 0)
        elif offset == CFGR:
            value |= self._source << 3
        if offset in (CR, CFGR):
            flags = (
                (HSERDY if self.hse_ready.look() else 0)
                | (PLL1RDY if self.pll_ready.look() else 0)
                | (PLL2RDY if self.audio_pll_ready.look() else 0)
                | (CSIRDY if self._csi_ready.look() else 0)
            )
            value |= flags if offset == CR else 0
        self._switch()
        return value

    def write(self, offset: int, value: int) -> None:
        if offset == CR:
            value = value & ~(HSERDY | PLL1RDY | PLL2RDY | CSIRDY | HSIRDY | HSIDIVF | HSI48RDY)
            value = value & ~DOMAINS_READY | 1
            value = self._keep_bypass(value, HSEON, HSEBYP)
            if self._source == PLL1:
                value |= PLL1ON
            if self._source == HSE or (self._source == PLL1 and self.registers[PLLCKSELR] & 3 == HSE):
                value |= HSEON
        elif (offset == PLL1DIVR and self.registers[CR] & PLL1ON) or (
            offset == PLL2DIVR and self.registers[CR] & PLL2ON
        ):
            self.log(f"RCC register {offset:#x} was written while its PLL is on: ignored")
            return
        elif offset in (PLLCKSELR, PLLCFGR):
            value = self._keep_settings(offset, value)
        elif offset == CFGR:
            value &= ~0x38
        super().write(offset, value)
        if offset == CR:
            # A crystal does not start in bypass mode, and a clock signal passes no oscillator.
            has_source = self._clock.hse_hz and bool(value & HSEBYP) == self._clock.hse_bypass
            self.hse_ready.follow(bool(value & HSEON and has_source))
            self._csi_ready.follow(bool(value & CSION))
            self._check_pll(1, value)
            self.pll_ready.follow(bool(value & PLL1ON and self._pll_input()))
            self._check_pll(2, value)
            self.audio_pll_ready.follow(bool(value & PLL2ON and self._pll_input()))
        self._switch()
        self._changed()

    def _keep_settings(self, offset: int, value: int) -> int:
        """`value` for RCC_PLLCKSELR or RCC_PLLCFGR: what belongs to a PLL stays while it is on."""
        fields = _PLLCKSELR_FIELDS if offset == PLLCKSELR else _PLLCFGR_FIELDS
        before = self.registers[offset]
        for number, mask in fields.items():
            if self.registers[CR] & _PLL_ON[number]:
                if (before ^ value) & mask:
                    self.log(f"PLL{number}'s settings at {offset:#x} were written while it is on: ignored")
                value = value & ~mask | before & mask
        return value

    def clocks(self) -> Clocks:
        d1, d2 = self.registers[D1CFGR], self.registers[D2CFGR]
        sysclk = (self._hsi(), CSI_HZ, float(self._clock.hse_hz), self._pll_output())[self._source]
        cpu = sysclk / ahb_divider(d1 >> 8 & 15)
        bus = cpu / ahb_divider(d1 & 15)
        return Clocks(sysclk, cpu, bus, bus / apb_divider(d2 >> 4 & 7), bus / apb_divider(d2 >> 8 & 7))

    def _usart_clock(self, name: str) -> float:
        clocks = self.clocks()
        apb2 = name in ("USART1", "USART6")
        select = self.registers[D2CCIP2R] >> (3 if apb2 else 0) & 7
        sources = (clocks.apb2 if apb2 else clocks.apb1, 0.0, 0.0, self._hsi(), CSI_HZ, LSE_HZ, 0.0, 0.0)
        return sources[select]

    def _switch(self) -> None:
        """The system clock follows CFGR.SW, but not before the wanted source is ready."""
        wanted = self.registers[CFGR] & 7
        ready = {HSI: True, CSI: bool(self._csi_ready), HSE: bool(self.hse_ready), PLL1: bool(self.pll_ready)}
        if wanted != self._source and ready.get(wanted, False):
            self._source = wanted
            self._changed()

    def _hsi(self) -> float:
        return HSI_HZ / (1 << (self.registers[CR] >> 3 & 3))

    def _pll_input(self) -> float:
        hse = float(self._clock.hse_hz) if self.hse_ready else 0.0
        csi = CSI_HZ if self._csi_ready else 0.0
        return (self._hsi(), csi, hse, 0.0)[self.registers[PLLCKSELR] & 3]

    def sai_clock(self) -> float:
        select = self.registers[D2CCIP1R] & 7
        if select == 0:
            return self._vco(1)[1] / ((self.registers[PLL1DIVR] >> 16 & 127) + 1) if self._q1_runs() else 0.0
        return self._pll_output(2) if select == 1 and self.audio_pll_ready else 0.0

    def _q1_runs(self) -> bool:
        return bool(self.pll_ready) and bool(self.registers[PLLCFGR] >> 17 & 1)

    def _vco(self, number: int) -> tuple[float, float]:
        """Reference and VCO of a PLL in Hz."""
        divider = self.registers[PLLCKSELR] >> 8 * number - 4 & 63
        reference = self._pll_input() / divider if divider else 0.0
        divisors, fraction_register = _REGISTERS[number]
        has_fraction = self.registers[PLLCFGR] >> 4 * (number - 1) & 1
        fraction = (self.registers[fraction_register] >> 3 & 0x1FFF) / 8192 if has_fraction else 0.0
        return reference, reference * ((self.registers[divisors] & 511) + 1 + fraction)

    def _pll_output(self, number: int = 1) -> float:
        """Output P of a PLL in Hz, 0.0 where it is not enabled."""
        if not self.registers[PLLCFGR] >> 13 + 3 * number & 1:
            return 0.0
        return self._vco(number)[1] / ((self.registers[_REGISTERS[number][0]] >> 9 & 127) + 1)

    def _check_pll(self, number: int, cr: int) -> None:
        """The ranges of RCC_PLLCFGR, RCC_PLL1DIVR and RCC_PLL2DIVR (RM0433 8.7.12, 8.7.13 and 8.7.15)."""
        reference, vco = self._vco(number)
        if not cr & _PLL_ON[number] or not reference:
            return
        pll, divisors = f"PLL{number}", self.registers[_REGISTERS[number][0]]
        if divisors & 511 < _PLL_N_MINIMUM - 1:
            raise OutOfSpecError(
                f"{pll}'s multiplier N is {(divisors & 511) + 1}, less than {_PLL_N_MINIMUM}"
            )
        p = (divisors >> 9 & 127) + 1
        if number == 1 and self.registers[PLLCFGR] >> 16 & 1 and p > 1 and p % 2:
            raise OutOfSpecError(f"PLL1's divider P is {p}: only 1 and even ones are allowed")
        configuration = self.registers[PLLCFGR] >> 4 * (number - 1)
        low, high = _REFERENCE_RANGES[configuration >> 2 & 3]
        if not low <= reference <= high:
            raise OutOfSpecError(f"{pll}'s reference of {reference / 1e6:.2f} MHz is outside {pll}RGE")
        if reference < _WIDE_VCO_REFERENCE_HZ and not configuration & 2:
            raise OutOfSpecError(f"{pll}'s wide VCO needs a reference of 2 MHz or more")
        low, high = (150e6, 420e6) if configuration & 2 else (192e6, self._vco_max_hz)
        if not low <= vco <= high:
            raise OutOfSpecError(f"{pll}'s VCO would run at {vco / 1e6:.1f} MHz, outside {pll}VCOSEL")
