"""Lane groups as options of the search: by rows and by columns, with more and more of the lists as taps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from edgel3_deploy.plan.candidates import Parts
from edgel3_deploy.plan.dense_runs import LONGEST_GROUP
from edgel3_deploy.plan.group import Group, ring_bytes
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_chain import lane_chain, lane_shapes, lane_steps, with_list_sizes
from edgel3_deploy.plan.lane_cost import Rates, least_cost
from edgel3_deploy.plan.lane_groups import LaneCounts, lane_costs, lane_groups
from edgel3_deploy.plan.list_choice import by_use, choose_lists, with_split
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.measure import RATES, Measure
from edgel3_deploy.plan.option import REMEMBERED, Option

_MOST_RUNS = 16 * 16
"""Bound of operations times steps of a group, as for dense kernels."""


@lru_cache(maxsize=REMEMBERED)
def lane_options(parts: Parts, direct: tuple[float, ...], by: Measure) -> tuple[Option, ...]:
    """Every lane group that can be cheaper than the direct kernels of its operations.

    `direct` is what these cost for each operation.
    """
    found: list[Option] = []
    for columns in (True, False):
        runs = _worthwhile(lane_shapes(parts, columns), direct, RATES[by])
        used = {step.index: step for run in runs for step in run}
        sized = {index: with_list_sizes(step) for index, step in used.items()}
        forms: _Forms = {}
        for run in runs:
            first, end = run[0].index, _end(run)
            for members, counted in lane_groups(tuple([sized[step.index] for step in run])):
                taps = _variants(members, forms)
                if sum(lane_costs(taps[-1], RATES[by], counted)) < sum(direct[first:end]):
                    found += [_option(parts, variant, by, counted) for variant in taps]
    return tuple(found)


def lane_runs(steps: tuple[Step | None, ...]) -> Iterator[tuple[Step, ...]]:
    """Every run of these steps that may be a group: one that ends with a sparse step."""
    longest = max(_MOST_RUNS // max(len(steps), 1), LONGEST_GROUP)
    for first in range(len(steps)):
        chain = lane_chain(steps, first)[:longest]
        runs = (chain[:count] for count in range(1, len(chain) + 1))
        yield from (run for run in runs if run[-1].kernel.name == "sparse")


def _worthwhile(
    steps: tuple[Step | None, ...], direct: tuple[float, ...], rates: Rates
) -> list[tuple[Step, ...]]:
    """The runs of lane steps that may be cheaper than the direct kernels of the same operations."""
    least = [0.0 if step is None else least_cost(step, rates) for step in steps]
    return [
        run
        for run in lane_runs(steps)
        if sum([least[step.index] for step in run]) < sum(direct[run[0].index : _end(run)])
    ]


def outer_bytes(parts: Parts, run: tuple[Step, ...]) -> int:
    """Bytes of the maps in front of a run and behind it, which at the network's ends are the caller's."""
    first, last = run[0], run[-1]
    before = 0 if first.index == 0 else first.layer.input.size
    after = 0 if _end(run) == len(parts) else ring_bytes(last, last.output_shape[0])
    return before + after


def _end(run: tuple[Step, ...]) -> int:
    """The operation behind a run of steps."""
    return run[-1].index + run[-1].operations


@lru_cache(maxsize=2 * REMEMBERED)
def whole_lane_options(parts: Parts, columns: bool, by: Measure) -> tuple[Option, ...]:
    """The lane groups of all operations, with byte lists."""
    chain = lane_chain(lane_steps(parts, columns), 0)
    if not chain or _end(chain) < len(parts):
        return ()
    return tuple([_option(parts, members, by, counted) for members, counted in lane_groups(chain)])


_Forms = dict[tuple[int, ListSplit], Step]
"""Steps by operation and split of their lists: groups that differ in their rows alone share them."""


def _variants(members: Group, forms: _Forms) -> tuple[Group, ...]:
    """The group with byte lists, then with the layers one by one as taps, the most used first."""
    steps = [step for step, _ in by_use([members])]
    chosen = choose_lists(steps, 0)
    variants = [members]
    for step in steps:
        assert step.lists is not None
        chosen[step.index] = ListSplit(0, step.lists.channels)
        variants.append(replace(members, steps=tuple([_form(step, chosen, forms) for step in members.steps])))
    return tuple(variants)


def _form(step: Step, chosen: Mapping[int, ListSplit], forms: _Forms) -> Step:
    if step.index not in chosen:
        return step
    key = (step.index, chosen[step.index])
    if key not in forms:
        forms[key] = with_split(step, chosen[step.index])
    return forms[key]


def _option(parts: Parts, members: Group, by: Measure, counted: LaneCounts) -> Option:
    instructions = sum(lane_costs(members, RATES["instructions"], counted))
    cost = instructions if by == "instructions" else sum(lane_costs(members, RATES[by], counted))
    return Option(
        members.steps[0].index,
        _end(members.steps),
        members.steps,
        members.rings,
        members.lanes,
        outer_bytes(parts, members.steps) + counted.inner_bytes + counted.scratch,
        counted.scratch,
        sum(step.constant_bytes for step in members.steps),
        int(instructions),
        cost,
        frozenset([step.kernel.name for step in members.steps]),
    )
