"""Strips compute what the last step needs, and together show every position once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgel3_deploy.models.family import member
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.group import Strip
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_chain import lane_chain, lane_steps
from edgel3_deploy.plan.lane_groups import lane_group
from edgel3_deploy.plan.lane_strips import output_positions, row_width, strips
from edgel3_deploy.plan.skeleton import skeleton

PARTS = operations(skeleton(member("sparse-ft-95.45")))
STEPS = {columns: lane_chain(lane_steps(PARTS, columns), 0) for columns in (False, True)}
CUTS = st.lists(st.integers(1, 23), max_size=3, unique=True).map(lambda cuts: tuple(sorted(cuts)))


def right(steps: tuple[Step, ...], strip: Strip) -> NDArray[np.bool_]:
    """Which positions of the last convolution's row come out right if a strip computes what it counts.

    What is not computed, and what lies beyond a cut, is wrong; wrong inputs make wrong outputs. The rows'
    true ends are no cuts.
    """
    known: NDArray[np.bool_] = np.ones(row_width(steps[0]), np.bool_)
    for index, step in enumerate(steps):
        at, (first, end) = strip.origins[index], strip.counted[index]
        padded = np.pad(known, 1, constant_values=True)
        made = padded[:-2] & padded[1:-1] & padded[2:]
        counted = np.zeros_like(made)
        counted[at + first : at + end] = True
        made &= counted
        if index == len(steps) - 1:
            return made
        if step.kernel.pooled:
            halves = made[: step.positions].reshape(-1, 2)
            made = halves[:, 0] & halves[:, 1]
        known = made
    raise AssertionError


@given(st.booleans(), CUTS)
def test_what_counts_in_the_last_step_comes_out_right(columns: bool, cuts: tuple[int, ...]) -> None:
    steps = STEPS[columns]
    covered: list[int] = []
    for strip in strips(steps, cuts):
        at, (first, end) = strip.origins[-1], strip.counted[-1]
        assert right(steps, strip)[at + first : at + end].all()
        covered += range(at + first, at + end)
    assert covered == list(range(steps[-1].positions))


@given(st.booleans(), CUTS)
def test_every_position_is_shown_once_and_by_a_strip_that_has_it_right(
    columns: bool, cuts: tuple[int, ...]
) -> None:
    steps = STEPS[columns]
    for index, step in enumerate(steps):
        shown: list[int] = []
        for strip in strips(steps, cuts):
            at, (first, end) = strip.origins[index], strip.owned[index]
            low, high = strip.counted[index]
            if step.kernel.pooled:
                at, low, high = at // 2, -(-low // 2), high // 2
            assert low <= first <= end <= high
            shown += range(at + first, at + end)
        assert shown == list(range(output_positions(step)))


@given(st.booleans(), CUTS)
def test_origins_halve_with_the_poolings_and_widths_hold_what_counts(
    columns: bool, cuts: tuple[int, ...]
) -> None:
    steps = STEPS[columns]
    for strip in strips(steps, cuts):
        for (before, after), step in zip(pairwise(strip.origins), steps, strict=False):
            assert after == before // (2 if step.kernel.pooled else 1)
        for width, (first, end) in zip(strip.widths, strip.counted, strict=True):
            assert 0 <= first < end <= width


def test_without_cuts_there_is_one_strip_of_the_whole_width() -> None:
    (whole,) = strips(STEPS[False], ())
    assert whole.widths == (199, 199, 99, 99, 49, 49, 24, 24)
    assert whole.counted == ((0, 199), (0, 198), (0, 99), (0, 98), (0, 49), (0, 48), (0, 24), (0, 24))
    assert whole.owned == ((0, 199), (0, 99), (0, 99), (0, 49), (0, 49), (0, 24), (0, 24), (0, 24))
    assert set(whole.origins) == {0}


@pytest.mark.parametrize(("columns", "distance"), [(True, 128), (False, 96)])
def test_strips_take_less_memory_and_more_tiles(columns: bool, distance: int) -> None:
    steps = STEPS[columns]
    whole, halves = lane_group(steps, distance), lane_group(steps, 32, (12,))
    assert halves.inner_bytes < whole.inner_bytes * 0.8
    assert halves.lanes is not None and len(halves.lanes.strips) == 2
