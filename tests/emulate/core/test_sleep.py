"""WFI: what goes on and what stands while the CPU sleeps."""

from __future__ import annotations

import pytest

from edgel3_deploy.emulate.core.cycles import CycleCounter
from edgel3_deploy.emulate.core.dwt import CTRL, CYCCNT, CYCCNTENA, LAR, UNLOCK, Dwt
from edgel3_deploy.emulate.core.scs import ICSR, SYST_CSR, SYST_CVR, SYST_RVR, SystemControl
from edgel3_deploy.emulate.core.sleep import Sleep
from edgel3_deploy.emulate.core.watchdog import ChipTime
from tests.emulate.wire import Host

HZ, PERIOD = 16e6, 160_000
PENDSTSET, PENDSTCLR, COUNTFLAG = 1 << 26, 1 << 25, 1 << 16


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """Whose time stands but for sleep: what the test itself takes does not count."""
    host = Host()
    for module in ("cycles", "sleep", "watchdog"):
        monkeypatch.setattr(f"edgel3_deploy.emulate.core.{module}.time", host)
    return host


class Chip:
    """A core with SysTick every 10 ms, and its sleep."""

    def __init__(self, *, real: bool = False) -> None:
        self.counter = CycleCounter()
        self.counter.set_frequency(HZ)
        self.control = SystemControl(lambda _line: None, self.counter, 0)
        self.dwt = Dwt(lambda _line: None, self.counter, lambda: True)
        self.time = ChipTime()
        self.time.start()
        self.sleep = Sleep(self.counter, self.control, self.dwt, self.time, real=real)
        self.dwt.write(LAR, UNLOCK)
        self.dwt.write(CTRL, CYCCNTENA)

    def tick(self) -> None:
        for register, value in ((SYST_RVR, PERIOD - 1), (SYST_CVR, 0), (SYST_CSR, 7)):
            self.control.write(register, value)


@pytest.mark.parametrize("real", [False, True])
def test_systick_ends_it_and_its_time_passes(real: bool) -> None:
    chip = Chip(real=real)
    chip.tick()
    cycles, time = chip.counter.cycles, chip.time.seconds()
    told: list[float] = []
    chip.sleep.told.append(told.append)
    chip.sleep.wait()
    assert chip.counter.cycles - cycles == pytest.approx(PERIOD)
    assert chip.time.seconds() - time == pytest.approx(0.01)
    assert told == [pytest.approx(0.01)]
    assert chip.control.read(ICSR) & PENDSTSET
    assert chip.control.read(SYST_CSR) & COUNTFLAG
    chip.control.write(ICSR, PENDSTCLR)
    assert not chip.control.read(ICSR) & PENDSTSET


def test_cyccnt_stands() -> None:
    chip = Chip()
    for _ in range(100):
        chip.tick()
        chip.sleep.wait()
    assert chip.counter.cycles == pytest.approx(100 * PERIOD)
    assert chip.dwt.read(CYCCNT) == pytest.approx(0, abs=1)


@pytest.mark.parametrize("control", [0, 1, 5])
def test_without_an_interrupt_nothing_is_pending(control: int) -> None:
    chip = Chip()
    chip.tick()
    chip.control.write(SYST_CSR, control)
    chip.sleep.wait()
    assert not chip.control.read(ICSR) & PENDSTSET


def test_a_pending_tick_can_be_set_by_software_and_does_not_outlive_a_reset() -> None:
    chip = Chip()
    chip.control.write(ICSR, PENDSTSET)
    assert chip.control.read(ICSR) & PENDSTSET
    chip.control.reset()
    assert not chip.control.read(ICSR) & PENDSTSET
