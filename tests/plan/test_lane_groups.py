"""Lane groups: where they may begin and end, what they keep, and what they cost."""

from __future__ import annotations

import pytest

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.cost_sparse import CUT_CHANNEL
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.lane_chain import lane_chain, lane_steps
from edgel3_deploy.plan.lane_cost import CYCLES, INSTRUCTIONS, least_cost, mono_cost, sparse_cost
from edgel3_deploy.plan.lane_groups import conv_distances, lane_costs, lane_group, lane_groups, tiles
from edgel3_deploy.plan.list_choice import by_use, choose_lists, with_lists
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.measure import RATES, Measure
from edgel3_deploy.plan.skeleton import shaped, skeleton
from tests.graph.models import ModelBuilder

L3 = skeleton(member("sparse-ft-95.45"))
POOLED = ["conv1", "conv2_pool1", "conv3", "conv4_pool2", "conv5", "conv6_pool3", "conv7", "conv8_pool4"]


def chain(network: Network, first: int = 0, columns: bool = True) -> Group | None:
    """The lane group of the longest chain from an operation on, with the fewest tiles."""
    steps = lane_chain(lane_steps(operations(network), columns), first)
    return [*lane_groups(steps)][-1][0] if steps else None


def l3(columns: bool) -> Group:
    found = chain(L3, columns=columns)
    assert found is not None
    return found


@pytest.mark.parametrize("columns", [False, True])
def test_l3_is_one_group_from_the_input_to_the_maximum(columns: bool) -> None:
    members = l3(columns)
    assert [step.name for step in members.steps] == POOLED
    assert members.lanes is not None
    assert members.lanes.entry is members.lanes.exit is None
    assert members.lanes.maxima == 512
    assert members.rings == (3,) * 7


def test_columns_keep_what_the_prototype_keeps() -> None:
    members = l3(columns=True)
    assert sum(members.buffers) == 270_336
    assert members.scratch == 512 * 72
    assert tiles(members) == (32, 32, 16, 16, 8, 8, 4, 4)
    assert conv_distances(members) == (128, 128, 64, 64, 32, 32, 16, 16)


def test_rows_drop_what_the_poolings_drop() -> None:
    members = l3(columns=False)
    steps = {step.name: step for step in members.steps}
    assert (steps["conv2_pool1"].rows, steps["conv2_pool1"].positions) == (256, 198)
    assert (steps["conv6_pool3"].rows, steps["conv6_pool3"].positions) == (64, 48)
    assert tiles(members) == (26, 26, 13, 13, 7, 6, 3, 3)


def test_taps_cost_fewer_instructions_than_bytes_and_from_flash_more_cycles_than_from_ram() -> None:
    members = l3(columns=True)
    steps = [step for step, _ in by_use([members])]
    everything = with_lists(members, choose_lists(steps, 1 << 30))
    resident = with_lists(
        members, choose_lists(steps, 0, {step.index: step.output_shape[2] for step in steps})
    )
    assert sum(lane_costs(everything)) < sum(lane_costs(members)) * 0.8
    assert sum(lane_costs(everything)) == sum(lane_costs(resident))
    assert sum(lane_costs(resident, CYCLES)) < sum(lane_costs(everything, CYCLES))
    assert sum(step.constant_bytes for step in resident.steps) < 500_000


def test_lists_become_taps_where_they_are_met_most() -> None:
    members = l3(columns=True)
    uses = by_use([members])
    assert [step.name for step, _ in uses[:3]] == ["conv2_pool1", "conv3", "conv4_pool2"]
    assert uses[0][1] == 32 * 198
    least = sum(step.constant_bytes for step in members.steps)
    for spare in (0, 40_000, 400_000):
        chosen = with_lists(members, choose_lists([step for step, _ in uses], spare))
        assert sum(step.constant_bytes for step in chosen.steps) <= least + spare


def test_a_group_may_begin_and_end_at_maps() -> None:
    network = read_network(ModelBuilder((12, 9, 4)).conv2d(8).max_pool2d().conv2d(6).build())
    found = chain(network)
    assert found is not None and found.lanes is not None
    assert found.lanes.entry is not None and found.lanes.exit is not None
    assert (found.lanes.entry.lanes.width, found.lanes.entry.height) == (12, 9)
    assert (found.lanes.exit.lanes.width, found.lanes.exit.rows) == (6, 1)
    assert found.lanes.maxima == 0
    assert len(found.buffers) == 3


@pytest.mark.parametrize(
    "builder",
    [
        ModelBuilder((8, 8, 4)).conv2d(4, (5, 5)),
        ModelBuilder((8, 8, 4)).conv2d(4, stride=(2, 2)),
        ModelBuilder((8, 8, 4)).max_pool2d(),
        ModelBuilder((64,)).fully_connected(8),
    ],
)
def test_other_operators_are_no_lane_steps(builder: ModelBuilder) -> None:
    assert chain(read_network(builder.build())) is None


def test_an_only_channel_is_read_by_the_first_step_alone() -> None:
    network = read_network(ModelBuilder((8, 8, 1)).conv2d(1).conv2d(4).build())
    found = chain(network)
    assert found is not None
    assert [step.kernel.name for step in found.steps] == ["mono_lanes"]


def test_the_distance_halves_at_every_pooling() -> None:
    steps = lane_chain(lane_steps(operations(L3), False), 0)
    members = lane_group(steps, 96)
    assert members.lanes is not None
    assert [ring.lanes.distance for ring in members.lanes.rings] == [96, 48, 48, 24, 24, 12, 12]


def test_strips_cost_what_they_compute_twice_and_their_cut_tiles() -> None:
    """conv1 makes whole rows of the widest strip, and the maxima of conv8 leave out positions at the cut."""
    steps = lane_chain(lane_steps(operations(L3), False), 0)
    strips, whole = lane_group(steps, 64, (13,)), lane_group(steps, 96)
    assert lane_costs(strips)[0] == mono_cost(steps[0], 2 * 144 // 8, 2)
    assert lane_costs(whole)[0] == mono_cost(steps[0], 208 // 8)
    # Each strip has two tiles, all at an end of their lanes; of the first strip's one is not cut.
    cut = 32 * 3 * 512 * CUT_CHANNEL
    assert lane_costs(strips)[-1] == sparse_cost(steps[-1], 4, 4, INSTRUCTIONS) + cut
    assert lane_costs(whole)[-1] == sparse_cost(steps[-1], 3, 2, INSTRUCTIONS)


@pytest.mark.parametrize("by", ["instructions", "cycles"])
@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("size", [(64, 50), (37, 23)])
def test_no_group_takes_less_than_its_steps_at_least(
    size: tuple[int, int], columns: bool, by: Measure
) -> None:
    network = shaped("shape", size, (8, 12, 16, 12), (0, 70, 99.5, 0))
    steps = lane_chain(lane_steps(operations(network), columns), 0)
    taps = {step.index: ListSplit(0, step.lists.channels) for step in steps if step.lists is not None}
    least = [least_cost(step, RATES[by]) for step in steps]
    for count in range(1, len(steps) + 1):
        for members, _ in lane_groups(steps[:count]):
            assert sum(least[:count]) <= sum(lane_costs(with_lists(members, taps), RATES[by]))
