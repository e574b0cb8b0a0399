"""The manifest's table of memory names every buffer of a plan."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.models.family import member
from edgel3_deploy.pipeline.manifest import MemoryUse
from edgel3_deploy.pipeline.memory import layers_memory, schedule_memory
from edgel3_deploy.plan.front_end import FrontEndMemory, without_front_end
from edgel3_deploy.plan.goal import GOALS, Goal
from edgel3_deploy.plan.place import Place, padded
from edgel3_deploy.plan.planner import plan_memory
from edgel3_deploy.plan.schedule import schedule
from edgel3_deploy.plan.skeleton import skeleton


def tops(uses: tuple[MemoryUse, ...]) -> dict[str, int]:
    """The end of the last buffer in each region, as arenas are rounded."""
    ends: dict[str, int] = {}
    for use in uses:
        ends[use.region] = max(ends.get(use.region, 0), padded(use.offset + use.size))
    return ends


@pytest.mark.parametrize("name", ["sea-64", "sparse-ft-95.45"])
@pytest.mark.parametrize("goal", GOALS)
def test_every_buffer_of_a_schedule_is_listed_within_its_arena(name: str, goal: Goal) -> None:
    plan = schedule(skeleton(member(name)), load_board("stm32f7"), goal)
    uses = schedule_memory(plan)
    assert tops(uses) == {region: padded(size) for region, size in plan.arenas}
    placed: list[Place | FrontEndMemory] = [place for group in plan.rings for place in group]
    placed += [
        place for places in (plan.maps, plan.scratch, plan.maxima, plan.products) for place in places if place
    ]
    placed += [resident.place for resident in plan.residents]
    if plan.front_end is not None and plan.front_end.streams:
        placed.append(plan.front_end)
    assert sorted((use.region, use.offset, use.size) for use in uses) == sorted(
        (place.region, place.offset, place.size) for place in placed
    )
    assert all(0 <= use.first <= use.last < len(plan.steps) for use in uses)


def test_the_tables_of_the_default_schedule_name_sums_in_flight_that_have_a_buffer_of_their_own() -> None:
    plan = schedule(without_front_end(skeleton(member("sea-64"))), load_board("stm32f7"))
    own = [place for place in plan.products if place is not None]
    assert own
    assert sum(use.label.startswith("sums of") for use in schedule_memory(plan)) == len(own)


def test_a_plan_by_layers_lists_activations_and_workspaces() -> None:
    network = skeleton(member("sea-64"))
    plan = plan_memory(network, load_board("stm32f7"), scratch={0: 100})
    uses = layers_memory(network, plan)
    assert len(uses) == len(plan.placements) + len(plan.scratch) + 1
    assert uses[-1].label == "front end's stream"
    assert tops(uses) == {region: padded(size) for region, size in plan.arenas}
