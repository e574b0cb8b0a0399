"""A region's arena has all that the plan puts there; what is kept between inferences lies behind the rest."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.arenas import arena_sizes, idle_bytes, view_arenas
from edgel3_deploy.codegen.tflm import Arena
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.front_end import FrontEndMemory
from edgel3_deploy.plan.schedule import schedule
from tests.codegen.programs import ONE_REGION


def test_a_single_arena_is_not_named_after_its_region(network: Network) -> None:
    (arena,) = view_arenas(schedule(network, ONE_REGION))
    assert (arena.region, arena.symbol, arena.macro) == ("ram0", "edgel3_arena", "EDGEL3_ARENA")
    assert arena.at == "EDGEL3_AT_RAM0"


def test_an_arena_holds_residents_behind_what_is_idle(network: Network, board: Board) -> None:
    plan = schedule(network, board)
    sizes, idle = arena_sizes(plan), idle_bytes(plan)
    assert sum(sizes.values()) == plan.arena_bytes
    assert all(idle[region] <= size for region, size in sizes.items())
    for resident in plan.residents:
        assert idle[resident.place.region] <= resident.place.offset


@pytest.mark.parametrize(
    ("region", "expected"), [("sram1", {"sram1": 5000}), ("dtcm", {"sram1": 4000, "dtcm": 5000})]
)
def test_an_interpreter_s_arena_leaves_the_front_end_its_own(region: str, expected: dict[str, int]) -> None:
    plan = Arena("sram1", 4000, FrontEndMemory(region, 4000, 1000, streams=True))
    assert arena_sizes(plan) == expected
    assert [(arena.region, arena.size) for arena in view_arenas(plan)] == list(expected.items())
    assert idle_bytes(plan)["sram1"] == 0
