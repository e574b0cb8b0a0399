"""The front end has memory of its own where that costs nothing or must be, else that of buffers alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.codegen.arenas import check_front_end, idle_bytes
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.goal import GOALS, Goal
from edgel3_deploy.plan.planner import place_front_end, plan_memory
from edgel3_deploy.plan.schedule import Schedule, least_ram_limits, schedule
from edgel3_deploy.plan.search import options
from edgel3_deploy.plan.skeleton import shaped, skeleton

F7 = load_board("stm32f7")
SEA_64 = skeleton(member("sea-64"))
SPARSE = skeleton(member("sparse-ft-95.45"))
THIN = replace(shaped("thin", (256, 199), (4, 4, 8, 8), (0, 85, 85, 85)), front_end="l3")
FOUND = {network.name: options(network) for network in (SEA_64, SPARSE, THIN)}


def planned(network: Network, goal: Goal = "balanced", limit: int | None = None) -> Schedule:
    return schedule(network, F7, goal, FOUND[network.name], ram_limit=limit)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", ["stm32f7", "stm32h7", "mps2-an500"])
def test_a_network_that_fills_the_ram_shares_its_buffers(name: str, goal: Goal) -> None:
    """It takes no more RAM for that; what the sensor keeps for itself leaves a little less to residents."""
    board = load_board(name)
    plan = schedule(SPARSE, board, goal, FOUND[SPARSE.name])
    alone = schedule(without_front_end(SPARSE), board, goal, FOUND[SPARSE.name])
    assert plan.front_end is not None
    assert not plan.front_end.streams
    assert plan.arena_bytes <= alone.arena_bytes
    assert plan.instructions <= 1.02 * alone.instructions
    assert plan.cycles <= 1.025 * alone.cycles


@pytest.mark.parametrize("limit", [None, 256 << 10])
def test_shared_bytes_are_buffers_and_nothing_that_was_made_at_start(limit: int | None) -> None:
    plan = planned(SPARSE, limit=limit)
    memory = plan.front_end
    assert memory is not None
    assert memory.offset % 16 == 0
    assert memory.offset + memory.size <= idle_bytes(plan)[memory.region]
    for resident in plan.residents:
        beside = resident.place.offset >= memory.offset + memory.size
        assert resident.place.region != memory.region or beside
    check_front_end(plan, memory)


def test_bytes_beyond_the_buffers_are_refused() -> None:
    plan = planned(SPARSE)
    memory = plan.front_end
    assert memory is not None
    beyond = replace(memory, size=idle_bytes(plan)[memory.region] - memory.offset + 1)
    with pytest.raises(ValueError, match="do not lie within the arena of sram1"):
        check_front_end(plan, beyond)


def test_where_ram_is_left_a_stream_has_its_own() -> None:
    plan = planned(THIN)
    memory = plan.front_end
    assert memory is not None
    assert memory.streams
    assert memory.offset >= idle_bytes(plan).get(memory.region, 0)
    assert plan.instructions == schedule(without_front_end(THIN), F7, found=FOUND["thin"]).instructions
    limited = planned(THIN, limit=256 << 10)
    assert limited.front_end is not None
    assert not limited.front_end.streams
    assert limited.instructions == plan.instructions


def test_an_arena_grows_for_what_it_shares() -> None:
    limit, _ = least_ram_limits(THIN, F7)
    assert limit is not None
    plan = planned(THIN, limit=limit)
    assert plan.front_end is not None
    region, size = plan.front_end.region, plan.front_end.size
    assert dict(plan.arenas)[region] >= size > max(group.inner_bytes for group in plan.groups)


def test_a_dense_network_keeps_the_main_ram_for_itself() -> None:
    """The stream of sea goes where it costs least: to SRAM1. The sensor's data lie in the main RAM."""
    plan, alone = planned(SEA_64), planned(without_front_end(SEA_64))
    memory = plan.front_end
    assert memory is not None
    assert memory.streams
    assert memory.region == "sram1"
    assert plan.instructions <= 1.035 * alone.instructions
    assert all(held.place.offset >= memory.offset + memory.size for held in plan.residents)


def test_a_stream_is_behind_all_buffers_of_a_plan_by_layers() -> None:
    plan = plan_memory(SEA_64, F7)
    assert plan.front_end is not None
    assert plan.front_end.streams
    assert plan.front_end.offset == idle_bytes(plan).get(plan.front_end.region, 0)


def test_an_arena_that_is_never_idle_is_not_shared() -> None:
    arenas = {"sram1": 300_000}
    memory, _ = place_front_end(SPARSE, F7, arenas)
    assert memory is not None
    assert not memory.streams
    with pytest.raises(OverBudgetError, match=r"the front end of .* fits no RAM region"):
        place_front_end(SPARSE, F7, arenas, may_share=False)
