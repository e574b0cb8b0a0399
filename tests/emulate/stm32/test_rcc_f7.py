from __future__ import annotations

import pytest

from edgel3_deploy.boards.board import Clock
from edgel3_deploy.emulate.core.bus import OutOfSpecError, Peripheral
from edgel3_deploy.emulate.stm32 import rcc_f7
from edgel3_deploy.emulate.stm32.clocks import ResetCause
from edgel3_deploy.emulate.stm32.pace import Pace
from edgel3_deploy.emulate.stm32.rcc_f7 import (
    APB2ENR,
    CFGR,
    CR,
    CSR,
    DCKCFGR1,
    DCKCFGR2,
    HSEBYP,
    HSEON,
    HSERDY,
    PLLCFGR,
    PLLON,
    PLLRDY,
    PLLSAICFGR,
    PLLSAION,
    PLLSAIRDY,
    RccF7,
)

CRYSTAL_25 = Clock(cpu_hz=216_000_000, hse_hz=25_000_000, hse_bypass=False)
Q2_R2 = 2 << 24 | 2 << 28
M25_N432_P2_HSE = 25 | 432 << 6 | 1 << 22 | Q2_R2


@pytest.fixture
def rcc(said: list[str]) -> RccF7:
    return RccF7(CRYSTAL_25, said.append, Pace())


def await_flag(rcc: RccF7, register: int, flag: int) -> None:
    assert any(rcc.read(register) & flag == flag for _ in range(10))


def start_pll(rcc: RccF7) -> None:
    rcc.write(CR, HSEON)
    assert not rcc.read(CR) & HSERDY
    await_flag(rcc, CR, HSERDY)
    rcc.write(PLLCFGR, M25_N432_P2_HSE)
    rcc.write(CR, HSEON | PLLON)
    await_flag(rcc, CR, PLLRDY)


def test_starts_on_the_16_mhz_hsi(rcc: RccF7) -> None:
    clocks = rcc.clocks()
    assert (clocks.sysclk, clocks.apb1, clocks.apb2) == (16e6, 16e6, 16e6)


def test_pll_and_prescalers_reach_216_mhz(rcc: RccF7) -> None:
    start_pll(rcc)
    rcc.write(CFGR, 5 << 10 | 4 << 13 | rcc_f7.PLL)
    assert rcc.read(CFGR) >> 2 & 3 == rcc_f7.PLL
    clocks = rcc.clocks()
    assert (clocks.cpu, clocks.apb1, clocks.apb2) == (216e6, 54e6, 108e6)
    assert rcc.usart_clock("USART1") == 108e6
    assert rcc.usart_clock("USART3") == 54e6
    rcc.write(DCKCFGR2, 1 << 0 | 2 << 4)
    assert rcc.usart_clock("USART1") == 216e6
    assert rcc.usart_clock("USART3") == 16e6


def test_the_switch_waits_until_the_pll_is_ready(rcc: RccF7) -> None:
    rcc.write(PLLCFGR, 16 | 100 << 6 | Q2_R2)
    rcc.write(CFGR, rcc_f7.PLL)
    assert rcc.clocks().sysclk == 16e6
    rcc.write(CR, PLLON)
    assert rcc.clocks().sysclk == 16e6
    await_flag(rcc, CFGR, rcc_f7.PLL << 2)
    assert rcc.clocks().sysclk == 50e6
    rcc.write(CR, 0)
    assert rcc.registers[CR] & PLLON, "the PLL cannot be stopped while it is the system clock"


def test_the_pll_is_set_up_while_it_is_off(rcc: RccF7, said: list[str]) -> None:
    start_pll(rcc)
    rcc.write(PLLCFGR, 0)
    assert rcc.registers[PLLCFGR] == M25_N432_P2_HSE
    assert said == ["RCC_PLLCFGR was written while the PLL is on: ignored"]


@pytest.mark.parametrize(
    ("configuration", "complaint"),
    [
        (16 | 433 << 6 | Q2_R2, "the PLL runs at 433.0 MHz"),
        (16 | 99 << 6 | Q2_R2, "the PLL runs at 99.0 MHz"),
        (4 | 100 << 6 | Q2_R2, "the PLL runs at 400.0 MHz from 4.00 MHz"),
        (8 | 49 << 6 | Q2_R2, "the PLL runs at 98.0 MHz"),
        (16 | 100 << 6 | 1 << 24 | 2 << 28, "PLLQ is 1, not 2 to 15"),
        (16 | 100 << 6 | 2 << 24 | 1 << 28, "PLLR is 1, not 2 to 7"),
    ],
)
def test_what_the_pll_cannot_do_is_out_of_spec(rcc: RccF7, configuration: int, complaint: str) -> None:
    rcc.write(PLLCFGR, configuration)
    with pytest.raises(OutOfSpecError, match=complaint):
        rcc.write(CR, PLLON)


def test_a_clock_enable_opens_and_a_reset_bit_resets(rcc: RccF7) -> None:
    usart = Peripheral("USART1", lambda _line: None)
    usart.registers[0] = 1
    rcc.attach(usart)
    assert not usart.clocked
    rcc.write(APB2ENR, 1 << 4)
    assert (usart.clocked, usart.waking) == (True, True)
    rcc.read(APB2ENR)
    assert not usart.waking
    rcc.write(APB2ENR - 0x20, 1 << 4)
    assert usart.registers == {}


def test_remembers_why_it_was_reset(rcc: RccF7) -> None:
    assert rcc.read(CSR) == 0x0E00_0000
    rcc.write(CSR, 1 << 24)
    assert rcc.read(CSR) == 0
    rcc.reset()
    rcc.note_reset(ResetCause.SOFTWARE)
    assert rcc.read(CSR) == 0x1400_0000
    rcc.note_reset(ResetCause.WATCHDOG)
    assert rcc.read(CSR) == 0x3400_0000, "flags add up until they are removed"


def test_a_reference_divider_of_1_is_out_of_spec() -> None:
    rcc = RccF7(Clock(cpu_hz=216_000_000, hse_hz=2_000_000, hse_bypass=False), lambda _line: None, Pace())
    rcc.write(CR, HSEON)
    await_flag(rcc, CR, HSERDY)
    rcc.write(PLLCFGR, 1 | 216 << 6 | 1 << 22 | Q2_R2)
    with pytest.raises(OutOfSpecError, match="PLLM is 1, not 2 to 63"):
        rcc.write(CR, HSEON | PLLON)


def test_bypass_is_chosen_while_the_hse_is_off(rcc: RccF7, said: list[str]) -> None:
    rcc.write(CR, HSEON)
    rcc.write(CR, HSEON | HSEBYP)
    assert not rcc.registers[CR] & HSEBYP
    assert said == ["RCC_CR.HSEBYP was written while the HSE is on: ignored"]
    rcc.write(CR, 0)
    rcc.write(CR, HSEBYP)
    assert rcc.registers[CR] & HSEBYP


def test_the_source_of_the_running_pll_cannot_be_stopped(rcc: RccF7) -> None:
    start_pll(rcc)
    rcc.write(CFGR, rcc_f7.PLL)
    rcc.write(CR, 0)
    assert rcc.registers[CR] & HSEON


def test_a_ready_flag_that_sticks() -> None:
    rcc = RccF7(CRYSTAL_25, lambda _line: None, Pace(), hse_sticks=True)
    rcc.write(CR, HSEON)
    await_flag(rcc, CR, HSERDY)
    rcc.write(CR, 0)
    assert all(rcc.read(CR) & HSERDY for _ in range(10))
    rcc.reset()
    assert not rcc.read(CR) & HSERDY


N384_Q5 = 384 << 6 | 5 << 24 | 7 << 28


def start_audio_pll(rcc: RccF7, factors: int = N384_Q5, divider: int = 25) -> None:
    start_pll(rcc)
    rcc.write(PLLSAICFGR, factors)
    rcc.write(DCKCFGR1, divider - 1 << 8)
    assert rcc.sai_clock() == 0.0
    rcc.write(CR, HSEON | PLLON | PLLSAION)
    assert rcc.sai_clock() == 0.0
    await_flag(rcc, CR, PLLSAIRDY)


def test_pllsai_makes_the_clock_of_sai1_from_the_main_pll_s_input(rcc: RccF7) -> None:
    start_audio_pll(rcc)
    assert rcc.sai_clock() == 384e6 / 5 / 25
    rcc.write(DCKCFGR1, 24 << 8 | 3 << 20)
    assert rcc.sai_clock() == 25e6, "SAI1SEL 3: what the PLLs divide"
    for elsewhere in (1, 2):
        rcc.write(DCKCFGR1, 24 << 8 | elsewhere << 20)
        assert rcc.sai_clock() == 0.0, "PLLI2S and I2S_CKIN do not run"


def test_pllsai_s_factors_are_fixed_while_it_is_on(rcc: RccF7, said: list[str]) -> None:
    start_audio_pll(rcc)
    rcc.write(PLLSAICFGR, 200 << 6 | 2 << 24 | 2 << 28)
    rcc.write(DCKCFGR1, 0)
    assert rcc.sai_clock() == 384e6 / 5 / 25
    assert len(said) == 2


@pytest.mark.parametrize(
    ("factors", "reason"),
    [
        (90 << 6 | 2 << 24 | 2 << 28, "90.0 MHz"),
        (440 << 6 | 2 << 24 | 2 << 28, "440.0 MHz"),
        (200 << 6 | 1 << 24 | 2 << 28, "PLLSAIQ is 1"),
        (200 << 6 | 2 << 24 | 1 << 28, "PLLSAIR is 1"),
    ],
)
def test_pllsai_out_of_its_range_stops_the_board(rcc: RccF7, factors: int, reason: str) -> None:
    with pytest.raises(OutOfSpecError, match=reason):
        start_audio_pll(rcc, factors)
