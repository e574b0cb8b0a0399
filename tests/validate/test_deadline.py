"""The wait for an inference follows from its work and the board's clock."""

from __future__ import annotations

from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.validate.deadline import run_seconds
from tests.validate.prepared import small_model

SMALL = read_network(small_model(), name="small")


def test_a_small_network_gets_a_few_seconds() -> None:
    assert run_seconds(SMALL, 1_000_000, 216_000_000, virtual=False) == 3.0


def test_more_instructions_or_a_slower_clock_get_more() -> None:
    at_full_clock = run_seconds(SMALL, 1_500_000_000, 216_000_000, virtual=False)
    assert 60 < at_full_clock < 120
    assert run_seconds(SMALL, 1_500_000_000, 16_000_000, virtual=False) > 10 * at_full_clock


def test_a_virtual_board_has_this_computers_pace() -> None:
    sea64 = 43_300_000
    assert run_seconds(SMALL, sea64, 216_000_000, virtual=True) == run_seconds(SMALL, sea64, 1, virtual=True)
    assert 10 < run_seconds(SMALL, sea64, 216_000_000, virtual=True) < 60


def test_without_a_schedule_macs_stand_for_instructions() -> None:
    assert (
        run_seconds(SMALL, None, 100_000, virtual=False) > sum(layer.macs for layer in SMALL.layers) / 100_000
    )
