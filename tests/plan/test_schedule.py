"""Schedules keep to the board's memories, place nothing on what is in use, and serve their goal."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgel3_deploy.boards import Board, board_names, load_board
from edgel3_deploy.errors import BadInputError, OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.attempts import INT8_SHARE, STORED_SHARE
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.dma import dma_bytes
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.goal import GOALS, Goal
from edgel3_deploy.plan.group import ring_bytes
from edgel3_deploy.plan.limits import arenas_limit, constants_limit
from edgel3_deploy.plan.planner import capacities
from edgel3_deploy.plan.schedule import (
    APPLICATION_SHARE,
    SIZE_INSTRUCTIONS_PER_MAC,
    Place,
    Schedule,
    frugal,
    schedule,
)
from edgel3_deploy.plan.search import options
from edgel3_deploy.plan.skeleton import skeleton
from tests.graph.models import ModelBuilder
from tests.plan.chains import board_with, networks

SEA_64 = skeleton(member("sea-64"))
FOUND = options(SEA_64)
WEIGHTS = sum(layer.constant_bytes for layer in SEA_64.layers)
F7 = load_board("stm32f7")


def check_places(network: Network, plan: Schedule, board: Board) -> None:
    """Every group has its memory, inside its arena, and nothing in use at the same time overlaps."""
    arenas, free = dict(plan.arenas), capacities(network, board)
    assert all(size <= free[region] for region, size in arenas.items())
    for index, group in enumerate(plan.groups):
        assert [place.size for place in plan.rings[index]] == list(group.buffers)
        scratch, maxima = plan.scratch[index], plan.maxima[index]
        # Weights that became resident leave some of the scratch unused.
        assert (scratch.size if scratch else 0) >= group.scratch
        assert (maxima.size if maxima else 0) == group.maxima_bytes
        whole = plan.maps[index]
        last = group.steps[-1]
        assert (whole is None) == (index == len(plan.groups) - 1)
        assert whole is None or whole.size == ring_bytes(last, last.output_shape[0])
        assert whole is None or (whole.first, whole.last) == (index, index + 1)
    rings = [place for members in plan.rings for place in members]
    shared = [*plan.maps, *plan.scratch, *plan.maxima, *(found.place for found in plan.residents)]
    places: list[Place] = [*rings, *(place for place in shared if place is not None)]
    for place in places:
        assert place.offset % 8 == 0
        assert 0 <= place.offset <= place.offset + place.size <= arenas[place.region]
    for a, b in combinations(places, 2):
        together = a.first <= b.last and b.first <= a.last and a.region == b.region
        assert not together or a.offset + a.size <= b.offset or b.offset + b.size <= a.offset


def covers(network: Network, plan: Schedule) -> bool:
    """Whether the steps hold every operator once, in order."""
    layers = [layer for step in plan.steps for layer in step.layers]
    return layers == [layer for part in operations(network) for layer in part]


@pytest.mark.parametrize("board", board_names())
@pytest.mark.parametrize("goal", GOALS)
def test_sea_64_is_scheduled_soundly_on_every_board(board: str, goal: Goal) -> None:
    plan = schedule(SEA_64, load_board(board), goal, found=FOUND)
    assert plan.goal == goal
    assert covers(SEA_64, plan)
    check_places(SEA_64, plan, load_board(board))


def test_balanced_keeps_scratch_in_dtcm_and_to_half_as_much_flash_again() -> None:
    plan = schedule(SEA_64, F7, found=FOUND)
    assert {place.region for place in plan.scratch if place} == {"dtcm"}
    assert plan.constant_bytes <= WEIGHTS * STORED_SHARE
    assert plan.instructions < 45e6


def test_speed_takes_what_the_board_has() -> None:
    plan = schedule(SEA_64, F7, "speed", found=FOUND)
    assert plan.instructions < min(38e6, schedule(SEA_64, F7, found=FOUND).instructions)
    assert plan.constant_bytes <= constants_limit(F7)


@pytest.mark.parametrize(
    ("board", "slots", "taken"),
    [("stm32f7", 0, 0), ("stm32f7", 1, 97 * 1024), ("stm32h7", 1, 385 * 1024), ("stm32h7", 2, 1281 * 1024)],
)
def test_speed_leaves_room_for_loader_header_settings_and_code(board: str, slots: int, taken: int) -> None:
    facts = load_board(board)
    layout = flash_layout(facts, slots)
    assert constants_limit(facts, layout) == (2048 - 41) * 1024 - taken
    plan = schedule(SEA_64, facts, "speed", FOUND, layout=layout)
    assert plan.constant_bytes <= constants_limit(facts, layout)


def test_a_small_flash_is_left_to_constants_by_nine_tenths() -> None:
    small = tuple(replace(r, size=100_000) if r.kind == "flash" else r for r in F7.regions)
    assert constants_limit(replace(F7, regions=small), flash_layout(F7, 0)) == 90_000


def test_size_takes_little_ram_and_no_transformed_weights() -> None:
    plan = schedule(SEA_64, F7, "size")
    assert plan.arena_bytes < schedule(SEA_64, F7, found=FOUND).arena_bytes / 2
    assert plan.constant_bytes <= WEIGHTS * INT8_SHARE
    assert plan.instructions <= SEA_64.macs * SIZE_INSTRUCTIONS_PER_MAC
    assert not any(step.kernel.stored_channels for step in plan.steps)


@pytest.mark.parametrize("board", board_names())
@pytest.mark.parametrize("name", ["sea-64", "sea-128"])
@pytest.mark.parametrize(("goal", "limit"), [("size", None), ("size", 48 << 10), ("balanced", 48 << 10)])
def test_dense_networks_fit_48_kb_and_the_dma_s(board: str, name: str, goal: Goal, limit: int | None) -> None:
    network, facts = without_front_end(skeleton(member(name))), load_board(board)
    rings = dma_bytes(network, facts)
    plan = schedule(network, facts, goal, ram_limit=limit and limit + rings)
    assert plan.arena_bytes <= arenas_limit(network, facts, (48 << 10) + rings)
    check_places(network, plan, facts)


@settings(max_examples=60)
@given(networks(), st.sampled_from(GOALS), st.lists(st.integers(0, 3000), min_size=1, max_size=3))
def test_any_schedule_is_sound(network: Network, goal: Goal, sizes: list[int]) -> None:
    assume(operations(network))
    board = board_with(*sizes)
    try:
        plan = schedule(network, board, goal)
    except OverBudgetError as error:
        assert error.hint
        assume(False)
    assert covers(network, plan)
    check_places(network, plan, board)
    assert plan == schedule(network, board, goal)


def test_a_main_ram_too_small_for_a_schedule_falls_back_to_all_ram() -> None:
    board = board_with(8_000, 60_000, 60_000)
    plan = schedule(SEA_64, board, found=FOUND)
    assert {"ram1"} < {region for region, _ in plan.arenas} | {"ram0"}
    assert "ram0 alone is too small" in plan.reason
    check_places(SEA_64, plan, board)


def test_what_fits_nowhere_is_over_budget() -> None:
    with pytest.raises(OverBudgetError, match="sea-64 does not fit stm32f7"):
        schedule(SEA_64, board_with(4_000, 4_000), found=FOUND)


def test_what_cannot_fit_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("edgel3_deploy.plan.schedule.options")
    large = read_network(ModelBuilder((512, 512, 1)).conv2d(4).conv2d(4).build())
    with pytest.raises(OverBudgetError, match="input and output alone take 1,310,720 bytes of RAM"):
        schedule(large, F7)


def test_a_network_of_views_has_nothing_to_schedule() -> None:
    with pytest.raises(BadInputError, match="no layer computes anything"):
        schedule(read_network(ModelBuilder((4, 4, 2)).reshape((32,)).build()), F7)


def test_the_frugal_way_needs_no_more_ram_than_any_other() -> None:
    least = max(option.ram for option in frugal(SEA_64))
    for goal in GOALS:
        assert least <= schedule(SEA_64, F7, goal).arena_bytes


SPARSE = skeleton(member("sparse-ft-95.45"))
SPARSE_FOUND = options(SPARSE)
QEMU = load_board("mps2-an500")


@pytest.mark.parametrize("board", board_names())
@pytest.mark.parametrize("goal", GOALS)
def test_the_sparse_network_is_scheduled_soundly_on_every_board(board: str, goal: Goal) -> None:
    plan = schedule(SPARSE, load_board(board), goal, found=SPARSE_FOUND)
    assert covers(SPARSE, plan)
    check_places(SPARSE, plan, load_board(board))
    assert [len(group.steps) for group in plan.groups] in ([8], [7, 1])


def test_goals_trade_flash_for_instructions() -> None:
    speed, balanced, size = (schedule(SPARSE, QEMU, goal, found=SPARSE_FOUND) for goal in GOALS)
    assert speed.instructions < balanced.instructions < size.instructions
    assert speed.constant_bytes > balanced.constant_bytes > size.constant_bytes
    # Taps in flash gain no instructions in RAM, so nothing is decoded.
    assert not speed.residents
    assert {found.what for found in balanced.residents} == {"lists"}


def test_residents_leave_the_application_its_share() -> None:
    plan = schedule(SPARSE, QEMU, "size", found=SPARSE_FOUND)
    ram = sum(region.size for region in QEMU.ram)
    assert plan.residents
    assert plan.arena_bytes <= ram - ram // APPLICATION_SHARE


@pytest.mark.parametrize(("kilobytes", "strips"), [(256, 1), (200, 2)])
def test_a_limit_of_ram_is_kept_and_leads_to_strips(kilobytes: int, strips: int) -> None:
    """Of the network alone: front end and sensor take some of the limit."""
    limit, network = kilobytes << 10, without_front_end(SPARSE)
    plan = schedule(network, QEMU, found=SPARSE_FOUND, ram_limit=limit)
    assert plan.arena_bytes <= arenas_limit(network, QEMU, limit)
    check_places(network, plan, QEMU)
    (members,) = plan.groups
    assert members.lanes is not None
    assert len(members.lanes.strips) == strips


def test_a_limit_of_ram_counts_what_is_no_arena() -> None:
    """The stack, and the caller's input and output."""
    limit = 200 << 10
    taller = replace(QEMU, stack_size=QEMU.stack_size + 1024)
    assert arenas_limit(SPARSE, taller, limit) == arenas_limit(SPARSE, QEMU, limit) - 1024
    less, more = (read_network(ModelBuilder((9, 7, 1)).conv2d(filters).build()) for filters in (1, 3))
    tensors = more.output.size - less.output.size
    assert arenas_limit(more, QEMU, limit) == arenas_limit(less, QEMU, limit) - tensors


def test_too_low_a_limit_of_ram_is_named() -> None:
    with pytest.raises(OverBudgetError, match="within 131,072 bytes of RAM"):
        schedule(SPARSE, QEMU, found=SPARSE_FOUND, ram_limit=128 << 10)


def test_by_cycles_other_lists_are_decoded_than_by_instructions() -> None:
    plan = schedule(SPARSE, QEMU, by="cycles")
    assert plan.by == "cycles"
    assert plan.cycles <= schedule(SPARSE, QEMU, found=SPARSE_FOUND).cycles
