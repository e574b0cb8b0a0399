"""What start-up and the way into another image write to the core, whatever state it was left in."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from tests.firmware.drivers.bench import CODE, STACK_TOP, Bench
from tests.firmware.registers.vendor_table import rows_of

FACTS = {row.macro: row.value for row in rows_of(load_board("stm32f7"))}
STACK_LIMIT = 0x2000_0000
MPU = ("MPU_CTRL", "MPU_RNR", "MPU_RBAR", "MPU_RASR")


@pytest.fixture(params=[("stm32f7", 8), ("stm32h7", 16)], ids=lambda param: param[0])
def regions(request: pytest.FixtureRequest) -> tuple[str, int]:
    """A board and the number of regions of its memory protection."""
    board: tuple[str, int] = request.param
    return board


@pytest.fixture
def bench(arm_gcc: Path, tmp_path: Path, regions: tuple[str, int]) -> Bench:
    """A core with a data cache of four ways and four lines each."""
    name, count = regions
    bench = Bench(arm_gcc, load_board(name), tmp_path, ["drivers/core.c"], {})
    bench.preset(FACTS["MPU_TYPE"], count << 8)
    bench.preset(FACTS["SCB_CCSIDR"], 3 << 13 | 3 << 3)
    return bench


def named(bench: Bench, names: tuple[str, ...]) -> list[tuple[str, int]]:
    """The writes to some registers, by name."""
    by_address = {FACTS[name]: name for name in names}
    return [(by_address[address], value) for address, value in bench.writes if address in by_address]


def test_start_clears_every_region_before_it_sets_its_own(bench: Bench, regions: tuple[str, int]) -> None:
    bench.call("core_start", CODE, STACK_LIMIT)
    written = named(bench, MPU)
    cleared = [pair for region in range(regions[1]) for pair in (("MPU_RNR", region), ("MPU_RASR", 0))]
    assert written[: 1 + len(cleared)] == [("MPU_CTRL", 0), *cleared]
    switched_on = FACTS["MPU_CTRL_ENABLE"] | FACTS["MPU_CTRL_HFNMIENA"] | FACTS["MPU_CTRL_PRIVDEFENA"]
    assert written[-1] == ("MPU_CTRL", switched_on)
    assert [value for name, value in written if name == "MPU_CTRL"] == [0, switched_on]
    assert ("MPU_RBAR", STACK_LIMIT) in written


def test_start_keeps_the_cache_out_of_the_ram_for_dma(bench: Bench, regions: tuple[str, int]) -> None:
    board = load_board(regions[0])
    dma_ram = board.region(board.dma_ram)
    bench.call("core_start", CODE, STACK_LIMIT)
    written = named(bench, MPU)
    at = written.index(("MPU_RBAR", dma_ram.origin))
    attributes = written[at + 1][1]
    assert written[at + 1][0] == "MPU_RASR"
    assert attributes & 1
    assert 2 << (attributes >> 1 & 31) == dma_ram.size
    assert attributes >> 8 & 0xFF == 0, "no subregion is left out"
    assert attributes >> 16 & 0x3F == 0b001_000, "TEX 1, S, C and B 0: normal, non-cacheable"
    assert attributes >> 24 & 7 == 3, "full access"
    assert attributes >> 28 & 1, "execute never"


def test_start_writes_back_what_others_cached(bench: Bench) -> None:
    bench.preset(FACTS["SCB_CCR"], FACTS["SCB_CCR_DC"])
    bench.call("core_start", CODE, STACK_LIMIT)
    names = [name for name, _ in named(bench, ("SCB_DCISW", "SCB_DCCISW"))]
    assert names == 16 * ["SCB_DCCISW"]


def test_start_traps_division_by_zero_and_leaves_other_bits_alone(bench: Bench) -> None:
    bench.preset(FACTS["SCB_CCR"], 1 << 9)
    bench.call("core_start", CODE, STACK_LIMIT)
    first = named(bench, ("SCB_CCR",))[0][1]
    assert first == 1 << 9 | FACTS["SCB_CCR_DIV_0_TRP"]


def test_start_invalidates_caches_before_it_switches_them_on(bench: Bench) -> None:
    bench.call("core_start", CODE, STACK_LIMIT)
    names = [name for name, _ in named(bench, ("SCB_ICIALLU", "SCB_DCISW", "SCB_CCR"))]
    assert names == ["SCB_CCR", "SCB_ICIALLU", "SCB_CCR", *16 * ["SCB_DCISW"], "SCB_CCR"]
    ways_and_sets = [value for name, value in named(bench, ("SCB_DCISW",))]
    assert ways_and_sets == [way << 30 | line << 5 for line in range(4) for way in range(4)]


def test_the_way_into_an_image_closes_what_start_opened(bench: Bench) -> None:
    table = STACK_TOP - 0x4000
    bench.words(table, [STACK_TOP - 0x100, bench.returns_to])
    bench.preset(FACTS["SCB_CCR"], FACTS["SCB_CCR_DC"] | FACTS["SCB_CCR_IC"])
    bench.call("core_start_image", table)
    written = named(bench, ("MPU_CTRL", "SCB_DCCISW", "SCB_DCISW", "SCB_CCR", "SCB_ICIALLU", "SCB_VTOR"))
    assert written[:2] == [("MPU_CTRL", 0), ("SCB_CCR", 0)]
    assert [name for name, _ in written[2:18]] == 16 * ["SCB_DCCISW"]
    assert written[18:] == [("SCB_ICIALLU", 0), ("SCB_VTOR", table)]


def test_the_way_into_an_image_never_writes_back_a_cache_that_was_off(bench: Bench) -> None:
    table = STACK_TOP - 0x4000
    bench.words(table, [STACK_TOP - 0x100, bench.returns_to])
    bench.call("core_start_image", table)
    assert named(bench, ("SCB_DCCISW",)) == []
