"""The Cortex-M7's own registers: SCS, DWT and MPU."""

from __future__ import annotations

import pytest

from edgel3_deploy.emulate.core import dwt as dwt_registers
from edgel3_deploy.emulate.core import mpu as mpu_registers
from edgel3_deploy.emulate.core import scs as scs_registers
from edgel3_deploy.emulate.core.cycles import CycleCounter
from edgel3_deploy.emulate.core.dwt import Dwt
from edgel3_deploy.emulate.core.mpu import Mpu
from edgel3_deploy.emulate.core.scs import SystemControl, SystemReset
from edgel3_deploy.emulate.stm32.part import core


class FakeCycles(CycleCounter):
    """Time that a test sets."""

    now = 0.0

    @property
    def cycles(self) -> float:
        return self.now


@pytest.fixture
def cycles() -> FakeCycles:
    return FakeCycles()


@pytest.fixture
def registers(cycles: FakeCycles) -> tuple[SystemControl, Dwt]:
    return core(lambda _line: None, cycles, 0x0800_0000)


def test_aircr_resets_only_with_its_key(registers: tuple[SystemControl, Dwt]) -> None:
    control, _ = registers
    control.write(scs_registers.AIRCR, 0x0000_0004)
    assert control.read(scs_registers.AIRCR) == 0xFA05_0000
    with pytest.raises(SystemReset):
        control.write(scs_registers.AIRCR, 0x05FA_0004)


def test_fault_status_is_cleared_by_writing_ones(registers: tuple[SystemControl, Dwt]) -> None:
    control, _ = registers
    control.registers[scs_registers.CFSR] = 0x8200
    control.write(scs_registers.CFSR, 0x0200)
    assert control.read(scs_registers.CFSR) == 0x8000
    control.write(scs_registers.CPUID, 0)
    assert control.read(scs_registers.CPUID) >> 4 & 0xFFF == 0xC27


def test_systick_counts_down_and_flags_once(registers: tuple[SystemControl, Dwt], cycles: FakeCycles) -> None:
    control, _ = registers
    control.write(scs_registers.SYST_RVR, 999)
    control.write(scs_registers.SYST_CSR, 5)
    cycles.now = 100
    assert control.read(scs_registers.SYST_CVR) == 899
    cycles.now = 1_100
    assert control.read(scs_registers.SYST_CVR) == 899
    assert control.read(scs_registers.SYST_CSR) == 5 | 1 << 16
    assert control.read(scs_registers.SYST_CSR) == 5
    assert control.read(scs_registers.SYST_CVR) == 899


def test_the_cycle_counter_needs_trace_lock_and_enable(
    registers: tuple[SystemControl, Dwt], cycles: FakeCycles
) -> None:
    control, dwt = registers
    dwt.write(dwt_registers.CTRL, 1)
    assert not dwt.read(dwt_registers.CTRL) & 1, "the lock is closed"
    dwt.write(dwt_registers.LAR, dwt_registers.UNLOCK)
    dwt.write(dwt_registers.CTRL, 1)
    cycles.now = 50
    assert dwt.read(dwt_registers.CYCCNT) == 0, "TRCENA is off"
    control.write(scs_registers.DEMCR, scs_registers.TRCENA)
    cycles.now = 80
    assert dwt.read(dwt_registers.CYCCNT) == 30
    dwt.write(dwt_registers.CYCCNT, 7)
    cycles.now = 81
    assert dwt.read(dwt_registers.CYCCNT) == 8
    dwt.write(dwt_registers.CTRL, 0)
    cycles.now = 90
    assert dwt.read(dwt_registers.CYCCNT) == 8
    dwt.write(dwt_registers.CTRL, 1)
    cycles.now = 90 + 2**32
    assert dwt.read(dwt_registers.CYCCNT) == 8


def close(
    mpu: Mpu, region: int, origin: int, log2_size: int, *, subregions: int = 0, access: int = 0
) -> None:
    mpu.write(mpu_registers.RNR, region)
    mpu.write(mpu_registers.RBAR, origin)
    mpu.write(mpu_registers.RASR, access << 24 | subregions << 8 | log2_size - 1 << 1 | 1)


def test_regions_without_access_are_closed_while_the_mpu_is_on() -> None:
    mpu = Mpu()
    close(mpu, 0, 0, 32, subregions=0x87)
    close(mpu, 1, 0x1000_0000, 28)
    assert not mpu.denies(0x6000_0000)
    mpu.write(mpu_registers.CTRL, 5)
    closed = [
        mpu.denies(a) for a in (0x0FFF_FFFF, 0x1000_0000, 0x2000_0000, 0x6000_0000, 0xDFFF_FFFF, 0xE000_0000)
    ]
    assert closed == [False, True, False, True, True, False]


def test_the_highest_region_decides_and_without_one_the_default_map() -> None:
    mpu = Mpu()
    close(mpu, 0, 0x2000_0000, 17)
    close(mpu, 3, 0x2000_0400, 10, access=3)
    mpu.write(mpu_registers.CTRL, 1)
    assert mpu.denies(0x2000_0000)
    assert not mpu.denies(0x2000_0400)
    assert mpu.denies(0x0800_0000), "no region, and PRIVDEFENA is off"
    assert not mpu.denies(0xE000_ED00), "the private peripheral bus stays open"
    assert mpu.spans(0x2000_0000, 0x2000_1000) == [
        (0x2000_0000, 0x2000_0400, True),
        (0x2000_0400, 0x2000_0800, False),
        (0x2000_0800, 0x2000_1000, True),
    ]


def test_mpu_registers_read_back() -> None:
    mpu = Mpu()
    assert mpu.read(mpu_registers.TYPE) == 8 << 8
    mpu.write(mpu_registers.RBAR, 0x2000_0000 | 16 | 5)
    mpu.write(mpu_registers.RASR, 0x0300_0001)
    assert mpu.read(mpu_registers.RNR) == 5
    assert mpu.read(mpu_registers.RBAR) == 0x2000_0005
    assert mpu.read(mpu_registers.RASR) == 0x0300_0001
