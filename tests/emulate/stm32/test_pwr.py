"""Both families' PWR: what voltage allows which clock."""

from __future__ import annotations

from edgel3_deploy.emulate.stm32 import pwr_f7, pwr_h7
from edgel3_deploy.emulate.stm32.pwr_f7 import PwrF7
from edgel3_deploy.emulate.stm32.pwr_h7 import PwrH7


def test_f7_overdrive_takes_two_steps_and_lifts_the_limit() -> None:
    pwr = PwrF7(lambda _line: None, pll_ready=lambda: True)
    assert pwr.cpu_limit == 180e6
    pwr.write(pwr_f7.CR1, 0xC000 | pwr_f7.ODSWEN)
    pwr.read(pwr_f7.CSR1)
    assert not pwr.overdrive, "ODSWEN without ODRDY does nothing"
    pwr.write(pwr_f7.CR1, 0xC000 | pwr_f7.ODEN)
    pwr.read(pwr_f7.CSR1)
    assert pwr.read(pwr_f7.CSR1) & pwr_f7.ODRDY
    pwr.write(pwr_f7.CR1, 0xC000 | pwr_f7.ODEN | pwr_f7.ODSWEN)
    pwr.read(pwr_f7.CSR1)
    assert pwr.read(pwr_f7.CSR1) & pwr_f7.ODSWRDY
    assert pwr.cpu_limit == 216e6
    pwr.reset()
    assert pwr.cpu_limit == 180e6


def test_h7_voltage_moves_only_after_the_supply_was_chosen() -> None:
    overdrive = False
    pwr = PwrH7(lambda _line: None, overdrive=lambda: overdrive)
    pwr.write(pwr_h7.D3CR, 3 << 14)
    assert pwr.scale == 3
    pwr.write(pwr_h7.CR3, 2)
    assert not pwr.read(pwr_h7.CSR1) & pwr_h7.ACTVOSRDY
    assert pwr.read(pwr_h7.CSR1) & pwr_h7.ACTVOSRDY
    pwr.write(pwr_h7.D3CR, 3 << 14)
    pwr.read(pwr_h7.D3CR)
    assert pwr.read(pwr_h7.D3CR) & pwr_h7.VOSRDY
    assert (pwr.scale, pwr.cpu_limit) == (1, 400e6)
    overdrive = True
    assert (pwr.scale, pwr.cpu_limit) == (0, 480e6)
    pwr.write(pwr_h7.CR3, 4)
    assert pwr.registers[pwr_h7.CR3] == 2, "the supply is chosen once"
