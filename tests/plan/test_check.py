"""The checker finds every way in which a plan can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.arena import ALIGNMENT
from edgel3_deploy.plan.check import check_plan
from edgel3_deploy.plan.memory import MemoryPlan, Placement
from edgel3_deploy.plan.planner import plan_memory
from tests.graph.models import ModelBuilder
from tests.plan.chains import board_with

NETWORK = read_network(
    ModelBuilder((8, 8, 1)).conv2d(16).max_pool2d().conv2d(4).reshape((64,)).fully_connected(3).build()
)
BOARD = board_with(1 << 14)
PLAN = plan_memory(NETWORK, BOARD, scratch={2: 100})
CONV1, POOL1, CONV2, RESHAPE1 = (layer.output.index for layer in NETWORK.layers[:4])


def changed(tensor: int, **changes: Any) -> MemoryPlan:
    """The good plan with one placement altered."""
    placements = [replace(place, **changes) if place.tensor == tensor else place for place in PLAN.placements]
    return replace(PLAN, placements=tuple(placements))


def place(tensor: int) -> Placement:
    return next(place for place in PLAN.placements if place.tensor == tensor)


def test_a_good_plan_passes() -> None:
    check_plan(NETWORK, PLAN, BOARD)


@pytest.mark.parametrize(
    ("fault", "plan"),
    [
        ("has no place", lambda: replace(PLAN, placements=PLAN.placements[1:])),
        ("placed twice", lambda: replace(PLAN, placements=(*PLAN.placements, PLAN.placements[0]))),
        (
            "not an activation",
            lambda: replace(PLAN, placements=(*PLAN.placements, replace(place(CONV1), tensor=77))),
        ),
        ("bytes instead of", lambda: changed(CONV1, size=512)),
        ("is not kept", lambda: changed(CONV2, last=2)),
        ("is not kept", lambda: changed(CONV2, first=3)),
        ("not aligned", lambda: changed(CONV2, offset=place(CONV2).offset + 4)),
        ("outside the arena", lambda: changed(CONV2, offset=1 << 20)),
        ("outside the arena", lambda: changed(CONV2, offset=-ALIGNMENT)),
        ("outside the arena", lambda: changed(CONV2, region="ram9")),
        ("overlap", lambda: changed(CONV2, offset=place(POOL1).offset)),
        ("overlap", lambda: changed(POOL1, offset=place(CONV1).offset + 16)),
        ("overlap", lambda: changed(CONV1, last=2)),
        ("overlap", lambda: changed(CONV2, last=4)),
        ("overlap", lambda: replace(PLAN, scratch=(replace(PLAN.scratch[0], offset=place(POOL1).offset),))),
        ("are free", lambda: replace(PLAN, arenas=(("ram0", 1 << 15),))),
        ("0 are free", lambda: replace(PLAN, arenas=(*PLAN.arenas, ("ram9", 16)))),
        ("entry per layer", lambda: replace(PLAN, live_bytes=PLAN.live_bytes[1:])),
    ],
)
def test_faults_are_named(fault: str, plan: Callable[[], MemoryPlan]) -> None:
    with pytest.raises(ValueError, match=fault):
        check_plan(NETWORK, plan(), BOARD)


def test_an_overlap_is_found_whatever_the_order_of_the_places() -> None:
    faulty = changed(CONV2, offset=place(POOL1).offset)
    with pytest.raises(ValueError, match="overlap"):
        check_plan(NETWORK, replace(faulty, placements=faulty.placements[::-1]), BOARD)


@pytest.mark.parametrize("order", [1, -1])
def test_a_single_byte_too_many_is_an_overlap(order: int) -> None:
    plan = plan_memory(NETWORK, BOARD, scratch={2: 6 * ALIGNMENT + 1})
    (low,) = plan.scratch
    high = replace(low, offset=low.offset + 6 * ALIGNMENT)
    with pytest.raises(ValueError, match=f"{low.label} and {low.label} overlap"):
        check_plan(NETWORK, replace(plan, scratch=(low, high)[::order]), BOARD)


def test_a_pooling_may_not_run_in_place() -> None:
    network = read_network(
        ModelBuilder((7, 7, 2)).conv2d(4).max_pool2d((3, 3), stride=(1, 1), same=True).conv2d(1).build()
    )
    plan = plan_memory(network, BOARD)
    check_plan(network, plan, BOARD)
    first, second = plan.placements
    overlapping = replace(plan, placements=(first, replace(second, offset=first.offset)))
    with pytest.raises(ValueError, match="overlap"):
        check_plan(network, overlapping, BOARD)
