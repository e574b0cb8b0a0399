"""The Cortex-M7's own registers: SCS, DWT and MPU."""

from __future__ import annotations

import pytest

from edgel3_deploy.emulate.core import dwt as dwt_registers
from edgel3_deploy.emulate.core import mpu as mpu_registers
from edgel3_deploy.emulate.core import scs as scs_registers
from edgel3_deploy.emulate.core.cycles import CycleCounter
from edgel3_deploy.emulate.core.dwt import Dwt
from edgel3_deploy.emulate.core.mpu import Mpu, Rights
from edgel3_deploy.emulate.core.scs import SystemControl, SystemReset
from edgel3_deploy.emulate.stm32.part import core

CLOSED = Rights(read=False, write=False, execute=False)


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
    return core(lambda _line: None, cycles, 0x0800_0000, mpu_regions=8)


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
    mpu = Mpu(8)
    close(mpu, 0, 0, 32, subregions=0x87)
    close(mpu, 1, 0x1000_0000, 28)
    assert mpu.rights(0x6000_0000).read
    mpu.write(mpu_registers.CTRL, 5)
    closed = [
        not mpu.rights(a).read
        for a in (0x0FFF_FFFF, 0x1000_0000, 0x2000_0000, 0x6000_0000, 0xDFFF_FFFF, 0xE000_0000)
    ]
    assert closed == [False, True, False, True, True, False]


def test_the_highest_region_decides_and_without_one_the_default_map() -> None:
    mpu = Mpu(8)
    close(mpu, 0, 0x2000_0000, 17)
    close(mpu, 3, 0x2000_0400, 10, access=3)
    mpu.write(mpu_registers.CTRL, 1)
    assert mpu.rights(0x2000_0000) == CLOSED
    assert mpu.rights(0x2000_0400).write
    assert mpu.rights(0x0800_0000) == CLOSED, "no region, and PRIVDEFENA is off"
    assert mpu.rights(0xE000_ED00).write, "the private peripheral bus stays open"
    assert {0x2000_0000, 0x2000_0400, 0x2000_0800} <= set(mpu.cuts(0x2000_0000, 0x2000_1000))


@pytest.mark.parametrize(
    ("access", "rights"),
    [(0, (0, 0, 0)), (1, (1, 1, 1)), (2, (1, 1, 1)), (3, (1, 1, 1)), (5, (1, 0, 1)), (6, (1, 0, 1))],
)
def test_access_permissions(access: int, rights: tuple[int, int, int]) -> None:
    mpu = Mpu(8)
    close(mpu, 0, 0x2000_0000, 17, access=access)
    mpu.write(mpu_registers.CTRL, 5)
    assert mpu.rights(0x2000_0000) == Rights(*map(bool, rights))
    mpu.write(mpu_registers.RASR, mpu.read(mpu_registers.RASR) | 1 << 28)
    assert not mpu.rights(0x2000_0000).execute


def test_peripherals_and_the_upper_half_are_never_executable() -> None:
    mpu = Mpu(8)
    places = (0x0800_0000, 0x2000_0000, 0x4000_0000, 0x6000_0000, 0xA000_0000, 0xE000_E000)
    assert [mpu.rights(place).execute for place in places] == [True, True, False, True, False, False]
    close(mpu, 0, 0x4000_0000, 29, access=3)
    mpu.write(mpu_registers.CTRL, 5)
    assert not mpu.rights(0x4000_0000).execute, "whatever a region says"


def test_a_guard_of_32_bytes() -> None:
    mpu = Mpu(16)
    close(mpu, 15, 0x2000_0400, 5)
    mpu.write(mpu_registers.CTRL, 5)
    assert [mpu.rights(0x2000_0400 + at).write for at in (-1, 0, 31, 32)] == [True, False, False, True]
    assert mpu.cuts(0x2000_0000, 0x2000_1000) == [0x2000_0000, 0x2000_0400, 0x2000_0420]


def test_a_reset_leaves_the_regions_and_switches_the_mpu_off(
    registers: tuple[SystemControl, Dwt],
) -> None:
    control, _ = registers
    close(control.mpu, 3, 0x2000_0000, 17)
    control.mpu.write(mpu_registers.CTRL, 5)
    control.reset()
    assert control.read(mpu_registers.CTRL) == 0
    assert control.mpu.rights(0x2000_0000).write
    control.write(mpu_registers.CTRL, 5)
    assert control.mpu.rights(0x2000_0000) == CLOSED


def test_vtor_has_no_low_bits_and_the_stack_is_always_aligned(registers: tuple[SystemControl, Dwt]) -> None:
    control, _ = registers
    control.write(scs_registers.VTOR, 0x0802_047F)
    assert control.read(scs_registers.VTOR) == 0x0802_0400
    control.write(scs_registers.CCR, scs_registers.DIV_0_TRP)
    assert control.read(scs_registers.CCR) == 0x0000_0210


def test_mpu_registers_read_back() -> None:
    mpu = Mpu(8)
    assert [Mpu(count).read(mpu_registers.TYPE) for count in (8, 16)] == [8 << 8, 16 << 8]
    mpu.write(mpu_registers.RBAR, 0x2000_0000 | 16 | 5)
    mpu.write(mpu_registers.RASR, 0x0300_0001)
    assert mpu.read(mpu_registers.RNR) == 5
    assert mpu.read(mpu_registers.RBAR) == 0x2000_0005
    assert mpu.read(mpu_registers.RASR) == 0x0300_0001
