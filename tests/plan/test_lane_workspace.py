"""Newest rows in the workspace: what lives at the same time lies apart, and the network's RAM shrinks."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.group import Group, scratch_of
from edgel3_deploy.plan.lane_chain import lane_chain, lane_steps
from edgel3_deploy.plan.lane_groups import lane_group, moved_bytes
from edgel3_deploy.plan.lane_workspace import with_newest_apart
from edgel3_deploy.plan.skeleton import skeleton
from tests.graph.models import ModelBuilder

L3 = skeleton(member("sparse-ft-95.45"))


def l3(columns: bool, distance: int) -> Group:
    return lane_group(lane_chain(lane_steps(operations(L3), columns), 0), distance)


def uses(members: Group, running: int) -> list[tuple[int, int]]:
    """Bytes [begin, end) of the workspace that are in use while step number `running` makes a row.

    Its own tile; the newest rows that it writes and reads; and those of pooled steps behind it, of which one
    half may be made.
    """
    lanes = members.lanes
    assert lanes is not None
    found = [(0, scratch_of(members.steps[running], lanes))]
    for number, ring in enumerate(lanes.rings):
        pooled = members.steps[number].kernel.pooled
        if ring.newest is not None and (running in (number, number + 1) or (pooled and running <= number)):
            found.append((ring.newest, ring.newest + ring.lanes.row_bytes))
    return found


def assert_apart(members: Group) -> None:
    for running in range(len(members.steps)):
        for (begin, end), (other_begin, other_end) in combinations(uses(members, running), 2):
            assert end <= other_begin or other_end <= begin
        assert max(end for _, end in uses(members, running)) <= members.scratch


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("distance", [32, 96, 128])
def test_what_is_in_use_at_the_same_time_lies_apart(columns: bool, distance: int) -> None:
    members = with_newest_apart(l3(columns, distance))
    assert members.lanes is not None
    assert all(ring.newest is not None for ring in members.lanes.rings)
    assert_apart(members)


@given(
    channels=st.lists(st.integers(1, 40), min_size=2, max_size=6),
    pooled=st.lists(st.booleans(), min_size=6, max_size=6),
    size=st.integers(8, 40),
)
def test_so_it_does_in_any_chain(channels: list[int], pooled: list[bool], size: int) -> None:
    builder = ModelBuilder((size, size, 3))
    for outputs, halved in zip(channels, pooled, strict=False):
        builder.conv2d(outputs)
        if halved and min(builder.shape[:2]) >= 4:
            builder.max_pool2d()
    steps = lane_chain(lane_steps(operations(read_network(builder.build())), False), 0)
    if steps:
        assert_apart(with_newest_apart(lane_group(steps, 4 << sum(step.kernel.pooled for step in steps))))


def test_two_rows_a_ring_and_one_beside_the_largest_tile() -> None:
    """The whole of L3 by rows: the newest row of the last ring lies behind conv8's tile, all others in it."""
    whole = l3(False, 96)
    members = with_newest_apart(whole)
    assert members.lanes is not None
    assert members.rings == (2,) * 7
    assert sum(members.buffers) == 2 * sum(whole.buffers) // 3 == 146_432
    assert members.scratch == whole.scratch + 24 * 512 == 49_152


def test_every_row_but_the_first_is_moved_once() -> None:
    whole = l3(True, 128)
    assert not any(moved_bytes(whole))
    members = with_newest_apart(whole)
    assert moved_bytes(members)[:3] == (0, 198 * 256 * 64, 98 * 128 * 64)


def test_a_map_of_two_rows_stays_in_its_ring() -> None:
    network = read_network(ModelBuilder((2, 9, 3)).conv2d(4).conv2d(4).build())
    steps = lane_chain(lane_steps(operations(network), False), 0)
    members = lane_group(steps, 8)
    assert with_newest_apart(members) == members
