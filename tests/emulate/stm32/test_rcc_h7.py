from __future__ import annotations

import pytest

from edgel3_deploy.boards.board import Clock
from edgel3_deploy.emulate.core.bus import OutOfSpecError
from edgel3_deploy.emulate.stm32.clocks import ResetCause
from edgel3_deploy.emulate.stm32.pace import Pace
from edgel3_deploy.emulate.stm32.rcc_h7 import (
    CFGR,
    CR,
    D1CFGR,
    D2CCIP1R,
    D2CCIP2R,
    D2CFGR,
    HSEBYP,
    HSEON,
    HSERDY,
    PLL1,
    PLL1DIVR,
    PLL1ON,
    PLL1RDY,
    PLL2DIVR,
    PLL2FRACR,
    PLL2ON,
    PLL2RDY,
    PLLCFGR,
    PLLCKSELR,
    RSR,
    RccH7,
)

BYPASS_8 = Clock(cpu_hz=480_000_000, hse_hz=8_000_000, hse_bypass=True)


@pytest.fixture
def rcc() -> RccH7:
    return RccH7(BYPASS_8, lambda _line: None, Pace())


def await_flag(rcc: RccH7, register: int, flag: int) -> None:
    assert any(rcc.read(register) & flag == flag for _ in range(10))


def start_pll(rcc: RccH7, reference_range: int = 2, n: int = 120, p: int = 2) -> None:
    rcc.write(CR, HSEON | HSEBYP)
    await_flag(rcc, CR, HSERDY)
    rcc.write(PLLCKSELR, 2 | 1 << 4)
    rcc.write(PLLCFGR, reference_range << 2 | 1 << 16)
    rcc.write(PLL1DIVR, n - 1 | p - 1 << 9)
    rcc.write(CR, HSEON | HSEBYP | PLL1ON)
    await_flag(rcc, CR, PLL1RDY)


def test_starts_on_the_64_mhz_hsi(rcc: RccH7) -> None:
    assert rcc.clocks().cpu == 64e6


def test_pll_and_prescalers_reach_480_mhz(rcc: RccH7) -> None:
    start_pll(rcc, reference_range=3)
    rcc.write(D1CFGR, 8 | 4 << 4)
    rcc.write(D2CFGR, 4 << 4 | 4 << 8)
    rcc.write(CFGR, PLL1)
    assert rcc.read(CFGR) >> 3 & 7 == PLL1
    clocks = rcc.clocks()
    assert (clocks.cpu, clocks.bus, clocks.apb1, clocks.apb2) == (480e6, 240e6, 120e6, 120e6)
    assert rcc.usart_clock("USART3") == 120e6
    rcc.write(D2CCIP2R, 3)
    assert rcc.usart_clock("USART3") == 64e6
    assert rcc.usart_clock("USART1") == 120e6


def test_a_clock_signal_passes_no_oscillator(rcc: RccH7) -> None:
    rcc.write(CR, HSEON)
    assert not any(rcc.read(CR) & HSERDY for _ in range(10))


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ({"reference_range": 0}, "outside PLL1RGE"),
        ({"n": 121}, "VCO would run at 968.0 MHz"),
        ({"n": 3}, "multiplier N is 3, less than 4"),
        ({"p": 3}, "divider P is 3: only 1 and even ones are allowed"),
    ],
)
def test_frequencies_that_the_pll_cannot_make_are_out_of_spec(
    rcc: RccH7, setting: dict[str, int], complaint: str
) -> None:
    with pytest.raises(OutOfSpecError, match=complaint):
        start_pll(rcc, **{"reference_range": 3} | setting)


def test_sram_of_domain_2_has_its_own_clocks(rcc: RccH7) -> None:
    assert not rcc.enabled("sram1")
    rcc.write(0xDC, 1 << 29)
    assert rcc.enabled("sram1")
    assert not rcc.enabled("sram2")


@pytest.mark.parametrize(
    ("cause", "flags"),
    [
        (ResetCause.PIN, 0x0042_0000),
        (ResetCause.SOFTWARE, 0x0142_0000),
        (ResetCause.WATCHDOG, 0x0442_0000),
    ],
)
def test_remembers_why_it_was_reset(rcc: RccH7, cause: ResetCause, flags: int) -> None:
    assert rcc.read(RSR) == 0x00FE_0000
    rcc.write(RSR, 1 << 16)
    rcc.reset()
    rcc.note_reset(cause)
    assert rcc.read(RSR) == flags


def test_revision_y_has_a_slower_vco() -> None:
    rcc = RccH7(BYPASS_8, lambda _line: None, Pace(), vco_max_hz=836e6)
    with pytest.raises(OutOfSpecError, match="outside PLL1VCOSEL"):
        start_pll(rcc, reference_range=3)


def test_what_pll1_runs_with_stays_while_it_is_on(rcc: RccH7) -> None:
    start_pll(rcc, reference_range=3)
    rcc.write(PLLCFGR, 0)
    assert rcc.registers[PLLCFGR] == 3 << 2 | 1 << 16


RUNNING = HSEON | HSEBYP | PLL1ON
MEDIUM = 1 << 5


def start_audio_pll(
    rcc: RccH7, m: int = 5, n: int = 192, p: int = 25, configuration: int = MEDIUM | 1 << 19
) -> None:
    start_pll(rcc, reference_range=3)
    rcc.write(PLLCKSELR, 2 | 1 << 4 | m << 12)
    rcc.write(PLLCFGR, rcc.registers[PLLCFGR] & ~(0xF << 4 | 7 << 19) | configuration)
    rcc.write(PLL2DIVR, n - 1 | p - 1 << 9)
    rcc.write(D2CCIP1R, 1)
    rcc.write(CR, RUNNING | PLL2ON)
    assert rcc.sai_clock() == 0.0
    await_flag(rcc, CR, PLL2RDY)


def test_pll2_makes_the_clock_of_sai1_while_pll1_runs(rcc: RccH7) -> None:
    start_audio_pll(rcc)
    assert rcc.sai_clock() == 12.288e6
    for elsewhere in (2, 3, 4):
        rcc.write(D2CCIP1R, elsewhere)
        assert rcc.sai_clock() == 0.0


def test_sai1_may_take_output_q_of_pll1(rcc: RccH7) -> None:
    start_pll(rcc, reference_range=3)
    assert rcc.sai_clock() == 0.0, "it is not enabled"
    rcc.write(PLLCFGR, rcc.registers[PLLCFGR] | 1 << 17)
    assert rcc.sai_clock() == 960e6 / ((rcc.registers[PLL1DIVR] >> 16 & 127) + 1)


def test_pll2_multiplies_by_fractions_too(rcc: RccH7) -> None:
    rcc.write(PLL2FRACR, 4096 << 3)
    start_audio_pll(rcc, configuration=MEDIUM | 1 << 19 | 1 << 4)
    assert rcc.sai_clock() == 8e6 / 5 * 192.5 / 25


def test_without_its_output_enabled_pll2_gives_no_clock(rcc: RccH7) -> None:
    start_audio_pll(rcc, configuration=MEDIUM)
    assert rcc.sai_clock() == 0.0


def test_each_pll_s_settings_are_fixed_while_it_is_on(rcc: RccH7) -> None:
    start_audio_pll(rcc)
    before = dict(rcc.registers)
    rcc.write(PLLCKSELR, 2 | 3 << 4 | 7 << 12)
    rcc.write(PLLCFGR, 0)
    rcc.write(PLL2DIVR, 100)
    for register in (PLLCKSELR, PLL2DIVR):
        assert rcc.registers[register] == before[register]
    assert rcc.sai_clock() == 12.288e6


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"m": 10}, "PLL2's reference of 0.80 MHz"),
        ({"m": 1}, "PLL2's reference of 8.00 MHz"),
        ({"configuration": 1 << 19}, "PLL2's wide VCO"),
        ({"n": 300}, "PLL2's VCO would run at 480.0 MHz"),
        ({"n": 3}, "PLL2's multiplier N is 3"),
    ],
)
def test_pll2_out_of_its_range_stops_the_board(rcc: RccH7, changes: dict[str, int], reason: str) -> None:
    with pytest.raises(OutOfSpecError, match=reason):
        start_audio_pll(rcc, **changes)
