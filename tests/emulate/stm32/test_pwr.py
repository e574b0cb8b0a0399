"""Both families' PWR: what voltage allows which clock."""

from __future__ import annotations

import pytest

from edgel3_deploy.emulate.core.bus import OutOfSpecError
from edgel3_deploy.emulate.stm32 import pwr_f7, pwr_h7
from edgel3_deploy.emulate.stm32.pace import Pace, Ready
from edgel3_deploy.emulate.stm32.pwr_f7 import ODEN, ODSWEN, PwrF7
from edgel3_deploy.emulate.stm32.pwr_h7 import PwrH7

SCALE_1, SCALE_2 = 3 << 14, 2 << 14


class FakePll:
    """A PLL that a test switches."""

    def __init__(self) -> None:
        self.pll_on = self.runs_on_pll = False
        self.pll_ready = Ready(Pace(), 0.0)

    def start(self) -> None:
        self.pll_on = True
        self.pll_ready.follow(True)
        while not self.pll_ready.look():
            pass


@pytest.fixture
def pll() -> FakePll:
    return FakePll()


@pytest.fixture
def f7(pll: FakePll, said: list[str]) -> PwrF7:
    return PwrF7(said.append, Pace(), pll)


def await_flag(pwr: PwrF7 | PwrH7, register: int, flag: int) -> None:
    assert any(pwr.read(register) & flag for _ in range(10))


def test_f7_overdrive_takes_two_steps_and_lifts_the_limit(f7: PwrF7, pll: FakePll) -> None:
    pll.start()
    assert f7.cpu_limit == 180e6
    f7.write(pwr_f7.CR1, SCALE_1 | ODEN)
    assert not f7.read(pwr_f7.CSR1) & pwr_f7.ODRDY
    await_flag(f7, pwr_f7.CSR1, pwr_f7.ODRDY)
    f7.write(pwr_f7.CR1, SCALE_1 | ODEN | ODSWEN)
    assert f7.cpu_limit == 180e6, "before ODSWRDY"
    await_flag(f7, pwr_f7.CSR1, pwr_f7.ODSWRDY)
    assert f7.cpu_limit == 216e6
    f7.reset()
    assert f7.cpu_limit == 180e6


def test_f7_voltage_scale_is_in_force_and_fixed_while_the_pll_runs(
    f7: PwrF7, pll: FakePll, said: list[str]
) -> None:
    assert f7.cpu_limit == 144e6
    f7.write(pwr_f7.CR1, SCALE_2)
    pll.start()
    assert f7.read(pwr_f7.CSR1) & pwr_f7.VOSRDY
    assert f7.cpu_limit == 168e6
    f7.write(pwr_f7.CR1, SCALE_1)
    assert f7.cpu_limit == 168e6
    assert said == ["PWR_CR1.VOS was written while the PLL is on: ignored"]


def test_f7_overdrive_out_of_order_is_out_of_spec(f7: PwrF7, pll: FakePll) -> None:
    with pytest.raises(OutOfSpecError, match="ODEN is set while the PLL is off"):
        f7.write(pwr_f7.CR1, SCALE_1 | ODEN)
    pll.start()
    f7.write(pwr_f7.CR1, SCALE_1 | ODEN)
    with pytest.raises(OutOfSpecError, match="ODSWEN is set before"):
        f7.write(pwr_f7.CR1, SCALE_1 | ODEN | ODSWEN)
    pll.runs_on_pll = True
    with pytest.raises(OutOfSpecError, match="while the PLL is the system clock"):
        f7.write(pwr_f7.CR1, SCALE_1)


def test_h7_voltage_moves_only_after_the_supply_was_chosen(said: list[str]) -> None:
    overdrive = False
    pwr = PwrH7(said.append, Pace(), overdrive=lambda: overdrive)
    pwr.write(pwr_h7.D3CR, SCALE_1)
    assert pwr.scale == 3
    pwr.write(pwr_h7.CR3, 2)
    assert not pwr.read(pwr_h7.CSR1) & pwr_h7.ACTVOSRDY
    await_flag(pwr, pwr_h7.CSR1, pwr_h7.ACTVOSRDY)
    pwr.write(pwr_h7.D3CR, SCALE_1)
    assert (pwr.scale, pwr.cpu_limit) == (3, 200e6), "before VOSRDY"
    assert not pwr.read(pwr_h7.D3CR) & pwr_h7.VOSRDY
    await_flag(pwr, pwr_h7.D3CR, pwr_h7.VOSRDY)
    assert (pwr.scale, pwr.cpu_limit) == (1, 400e6)
    overdrive = True
    pwr.overdrive_changed()
    assert pwr.scale == 1
    await_flag(pwr, pwr_h7.D3CR, pwr_h7.VOSRDY)
    assert (pwr.scale, pwr.cpu_limit) == (0, 480e6)
    pwr.write(pwr_h7.CR3, 4)
    assert pwr.registers[pwr_h7.CR3] == 2, "the supply is chosen once"
    pwr.write(pwr_h7.D3CR, 1 << 14)
    assert pwr.scale == 3, "a fall takes no time"
    assert said == []


def test_h7_overdrive_needs_vos1(said: list[str]) -> None:
    pwr = PwrH7(said.append, Pace(), overdrive=lambda: True)
    pwr.overdrive_changed()
    assert said == ["SYSCFG_PWRCR.ODEN is set while the voltage scale is not VOS1"]
    assert pwr.scale == 3
