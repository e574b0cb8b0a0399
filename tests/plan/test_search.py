"""The search finds what trying everything finds, within its limits, every time the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.plan.candidates import operations, steps_from
from edgel3_deploy.plan.group import group, ring_bytes
from edgel3_deploy.plan.kernel import STREAMING, WINOGRAD_TILE, Step
from edgel3_deploy.plan.measure import group_costs
from edgel3_deploy.plan.option import Option
from edgel3_deploy.plan.schedule import can_be_laid_out, schedule
from edgel3_deploy.plan.search import FLASH_GRAINS, choose, options
from tests.graph.models import ModelBuilder
from tests.plan.chains import board_with


def network(channels: int = 8) -> Network:
    """Two convolutions with a pooling, then one more."""
    return read_network(
        ModelBuilder((13, 10, 4)).conv2d(channels).conv2d(2 * channels).max_pool2d().conv2d(channels).build()
    )


def chains(whole: Network) -> Iterator[tuple[Step, ...]]:
    """Every way to choose kernels and fusions."""
    parts = operations(whole)

    def following(position: int) -> Iterator[tuple[Step, ...]]:
        if position == len(parts):
            yield ()
        for step in steps_from(parts, position) if position < len(parts) else ():
            end = position + (2 if step.kernel.pooled else 1)
            for rest in following(end):
                yield (step, *rest)

    return following(0)


def brute_force(whole: Network, ram: int, flash: int | None) -> int | None:
    """Fewest instructions over all chains without stored weights and all cuts into groups."""
    costs = []
    for steps in chains(whole):
        if any(step.kernel.stored_channels or step.kernel.blocks > 2 for step in steps):
            continue
        for cuts in product((False, True), repeat=len(steps) - 1):
            runs = [[steps[0]]]
            for cut, step in zip(cuts, steps[1:], strict=True):
                if cut:
                    runs.append([step])
                else:
                    runs[-1].append(step)
            if not all(_possible(run) for run in runs):
                continue
            total = _cost(whole, [tuple(run) for run in runs], ram, flash)
            if total is not None:
                costs.append(total)
    return min(costs, default=None)


def _possible(run: list[Step]) -> bool:
    """Whether one step may stand alone, or several take turns."""
    names = [step.kernel.name for step in run]
    if len(run) == 1:
        return names[0] != "max_pool_global_rows"
    rows = names[-1] in STREAMING or names[-1] == "max_pool_global_rows"
    return rows and all(name in STREAMING for name in names[:-1])


def _cost(whole: Network, runs: list[tuple[Step, ...]], ram: int, flash: int | None) -> int | None:
    grain = -(-max(flash or 0, 1) // FLASH_GRAINS)
    before = grains = cost = 0
    for run in runs:
        members = group(run)
        last = run[-1]
        after = 0 if last is runs[-1][-1] else ring_bytes(last, last.output_shape[0])
        if before + members.inner_bytes + members.scratch + after > ram:
            return None
        grains += -(-sum(step.constant_bytes for step in run) // grain)
        cost += sum(group_costs(members))
        before = after
    return None if flash is not None and grains > flash // grain else cost


def total(way: tuple[Option, ...] | None) -> int | None:
    return None if way is None else sum(option.instructions for option in way)


WHOLE = network()
FOUND = options(WHOLE)
FEW = tuple(
    option
    for option in FOUND
    if option.lanes is None
    and not any(step.kernel.stored_channels or step.kernel.blocks > 2 for step in option.steps)
)
END = len(operations(WHOLE))


@settings(max_examples=8)
@given(st.integers(2_000, 16_000), st.sampled_from([None, 6 << 10, 9 << 10]))
def test_the_best_way_is_found(ram: int, flash: int | None) -> None:
    assert total(choose(FEW, END, ram, flash)) == brute_force(WHOLE, ram, flash)


@given(st.integers(1_000, 40_000), st.integers(2_000, 60_000))
def test_limits_are_kept_and_the_way_is_whole(ram: int, flash: int) -> None:
    way = choose(FOUND, END, ram, flash)
    if way is None:
        return
    assert [option.first for option in way] == [0, *(option.end for option in way[:-1])]
    assert way[-1].end == END
    assert max(option.ram for option in way) <= ram
    assert sum(option.flash for option in way) <= flash


@given(st.integers(1_000, 40_000))
def test_more_flash_never_costs_instructions(ram: int) -> None:
    costs = [total(choose(FOUND, END, ram, flash)) for flash in (8 << 10, 16 << 10, 1 << 20, None)]
    known = [cost for cost in costs if cost is not None]
    assert known == sorted(known, reverse=True)
    assert costs[-1] == costs[-2]


def test_the_same_network_gives_the_same_options_and_way() -> None:
    again = options(network())
    assert [(o.ram, o.flash, o.instructions) for o in again] == [
        (o.ram, o.flash, o.instructions) for o in FOUND
    ]
    kernels = [
        [step.kernel for option in choose(found, END, 12_000, 40_000) or () for step in option.steps]
        for found in (FOUND, again)
    ]
    assert kernels[0] == kernels[1] != []


def test_without_winograd_kernels_none_is_used() -> None:
    found = options(WHOLE, kernels="plain")
    assert not any(step.kernel.name in WINOGRAD_TILE for option in found for step in option.steps)


def test_a_reshape_that_changes_rows_ends_a_group() -> None:
    reshaped = read_network(ModelBuilder((4, 6, 2)).conv2d(3).reshape((6, 4, 3)).conv2d(2).build())
    assert all(len(option.steps) == 1 for option in options(reshaped))


def test_nothing_fits_no_memory() -> None:
    assert choose(FOUND, END, 0, None) is None


def test_no_run_of_dense_kernels_is_beaten_by_another() -> None:
    runs = [option for option in FOUND if option.lanes is None and len(option.steps) > 1]
    for a, b in product(runs, runs):
        if a is not b and (a.first, a.end) == (b.first, b.end):
            assert not all(x <= y for x, y in zip(_numbers(a), _numbers(b), strict=True))


def _numbers(option: Option) -> tuple[float, ...]:
    return option.cost, option.members.inner_bytes, option.scratch, option.flash


@settings(max_examples=30)
@given(st.integers(500, 20_000), st.integers(0, 8_000))
def test_what_few_options_can_be_laid_out_in_has_a_schedule(ram: int, more: int) -> None:
    board = board_with(ram, more)
    if can_be_laid_out(WHOLE, board, flash_layout(board), None):
        assert schedule(WHOLE, board, found=FOUND).arena_bytes <= ram + more
