"""A counter value is a number of instructions, or cycles and a time, or nothing."""

from __future__ import annotations

from edgel3_deploy.report.timing import timing_of
from tests.report.sample import sample_device


def test_qemu_counts_instructions() -> None:
    timing = timing_of(sample_device("qemu"))
    assert (timing.unit, timing.meaningful, timing.values(40)) == ("instructions", True, {"instructions": 40})


def test_a_chip_counts_cycles_of_its_clock() -> None:
    timing = timing_of(sample_device("silicon"))
    assert timing.values(216_000) == {"cycles": 216_000, "milliseconds": 1.0}
    assert timing.values(None) == {}


def test_the_virtual_board_counts_nothing_that_means_speed() -> None:
    timing = timing_of(sample_device("unicorn"))
    assert (timing.meaningful, timing.values(216_000)) == (False, {})
