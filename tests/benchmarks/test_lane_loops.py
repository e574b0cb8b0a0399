"""How often lists are met, counted by hand for a small chain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.lane_loops import Entries, entries, flash_lines, lane_work
from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_chain import lane_chain, lane_steps
from edgel3_deploy.plan.lane_groups import lane_group
from edgel3_deploy.plan.list_sizes import ListSplit
from tests.graph.models import ModelBuilder

ROWS, POSITIONS, TILES = 6, 16, 2


@pytest.fixture(scope="module")
def members() -> Group:
    """Two convolutions of 6 rows of 16 positions: 1 to 4 channels, 4 to 3 channels with 2 weights each."""
    builder = ModelBuilder((ROWS, POSITIONS, 1)).conv2d(4, activation="RELU", output=(0.5, -128))
    network = read_network(builder.conv2d(3, activation="RELU", output=(0.5, -128)).build())
    first, second = network.layers
    assert isinstance(second, Conv2D)
    weights = np.zeros_like(second.weights)
    weights[:, 1, 1, 0] = weights[:, 1, 1, 2] = 5
    pruned = replace(network, layers=(first, replace(second, weights=weights)))
    return lane_group(lane_chain(lane_steps(operations(pruned), columns=False), 0), 8)


def split(members: Group, lists: ListSplit) -> Group:
    """The group with the second step's lists kept so."""
    first, second = members.steps
    return replace(members, steps=(first, replace(second, kernel=replace(second.kernel, lists=lists))))


def sparse(members: Group) -> Step:
    return members.steps[1]


def test_every_tile_meets_every_entry_of_every_list(members: Group) -> None:
    assert lane_work(members) == {
        "mono": ROWS * TILES * 8 * 4,
        "bytes1": ROWS * TILES * 3 * 2,
        "expand": ROWS * TILES * 3 * 4,
    }


def test_taps_are_those_in_ram_and_in_flash(members: Group) -> None:
    work = lane_work(split(members, ListSplit(resident=1, taps=1)))
    assert (work["taps"], work["bytes1"]) == (ROWS * TILES * 4, ROWS * TILES * 2)


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        (ListSplit(), Entries(taps=0, pairs=6, flash_bytes=12)),
        (ListSplit(taps=3), Entries(taps=6, pairs=0, flash_bytes=48)),
        (ListSplit(resident=3), Entries(taps=6, pairs=0, flash_bytes=0)),
        (ListSplit(resident=1, taps=1), Entries(taps=4, pairs=2, flash_bytes=16 + 4)),
    ],
)
def test_lists_in_ram_cost_no_flash(members: Group, lists: ListSplit, expected: Entries) -> None:
    assert entries(sparse(split(members, lists))) == expected


def test_lines_are_whole_and_read_again_for_every_tile(members: Group) -> None:
    assert flash_lines(members) == ROWS * TILES * 1
    assert flash_lines(split(members, ListSplit(taps=3))) == ROWS * TILES * 2
    assert flash_lines(split(members, ListSplit(resident=3))) == 0
