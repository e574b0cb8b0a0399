"""The schedule of a library: one arena within its limit, and nothing filled that nobody asked for."""

from __future__ import annotations

import dataclasses

import pytest

from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.models.family import FAMILY
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.library import LIBRARY, USUAL_ARENA, schedule_library
from edgel3_deploy.plan.skeleton import skeleton


@pytest.fixture(scope="module")
def sea_64() -> Network:
    """The shape of sea-64."""
    return skeleton(next(member for member in FAMILY if member.name == "sea-64"))


def test_without_a_limit_nothing_is_filled_at_start(sea_64: Network) -> None:
    plan = schedule_library(sea_64)
    assert plan.residents == ()
    assert [region for region, _ in plan.arenas] == ["ram"]
    assert plan.arena_bytes <= USUAL_ARENA
    assert plan.front_end is not None and plan.front_end.streams


def test_what_a_limit_leaves_is_filled(sea_64: Network) -> None:
    plain, filled = schedule_library(sea_64), schedule_library(sea_64, limit=512 << 10)
    assert filled.residents
    assert plain.arena_bytes < filled.arena_bytes <= 512 << 10
    assert filled.instructions < plain.instructions


@pytest.mark.parametrize("limit", [70 << 10, 128 << 10])
def test_the_arena_keeps_to_its_limit(sea_64: Network, limit: int) -> None:
    assert schedule_library(sea_64, limit=limit).arena_bytes <= limit


def test_the_hint_names_limits_that_do(sea_64: Network) -> None:
    with pytest.raises(OverBudgetError, match="sea-64 does not fit an arena of 20,480 bytes") as caught:
        schedule_library(sea_64, limit=20 << 10)
    with_front_end, plain = (int(part.split("K")[0]) for part in caught.value.hint.split("--ram ")[1:])
    assert plain < with_front_end
    assert schedule_library(sea_64, limit=with_front_end << 10).front_end is not None
    assert schedule_library(without_front_end(sea_64), limit=plain << 10).arena_bytes <= plain << 10


def test_what_exceeds_every_part_has_no_limit_to_name(sea_64: Network) -> None:
    larger = next(member for member in FAMILY if member.name == "sparse-ft-53.5")
    with pytest.raises(OverBudgetError) as caught:
        schedule_library(skeleton(larger))
    assert "--ram" not in caught.value.hint


def test_the_board_stands_for_any_part() -> None:
    assert LIBRARY.loader is None and LIBRARY.microphone is None and LIBRARY.stack_size == 0
    assert dataclasses.asdict(LIBRARY.flash)["size"] == 2 << 20
