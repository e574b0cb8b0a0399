"""Engines that fuse layers differently are compared over the layers that they have in common."""

from __future__ import annotations

from benchmarks.results import common_groups


def test_rows_end_where_a_step_of_every_engine_ends() -> None:
    apart = [(0,), (1,), (2,), (3,)]
    fused = [(0,), (1, 2), (3,)]
    assert common_groups([apart, fused]) == [(0,), (1, 2), (3,)]


def test_steps_that_overlap_are_one_row() -> None:
    assert common_groups([[(0, 1), (2,)], [(0,), (1, 2)]]) == [(0, 1, 2)]
