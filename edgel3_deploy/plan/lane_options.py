"""Lane groups as options of the search: by rows and by columns, with more and more of the lists as taps."""

from __future__ import annotations

from collections.abc import Iterator

from edgel3_deploy.plan.candidates import Parts
from edgel3_deploy.plan.dense_runs import LONGEST_GROUP
from edgel3_deploy.plan.group import Group, ring_bytes
from edgel3_deploy.plan.lane_chain import lane_chain, lane_steps
from edgel3_deploy.plan.lane_groups import LaneCounts, lane_costs, lane_counts, lane_groups
from edgel3_deploy.plan.list_choice import by_use, choose_lists, with_lists
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.measure import RATES, Measure
from edgel3_deploy.plan.option import Option

_MOST_RUNS = 16 * 16
"""Bound of operations times steps of a group, as for dense kernels."""


def lane_options(parts: Parts, direct: tuple[float, ...], by: Measure) -> Iterator[Option]:
    """Every lane group that can be cheaper than the direct kernels of its operations.

    `direct` is what these cost for each operation.
    """
    longest = max(_MOST_RUNS // max(len(parts), 1), LONGEST_GROUP)
    for columns in (True, False):
        steps = lane_steps(parts, columns)
        for first in range(len(parts)):
            chain = lane_chain(steps, first)
            for count in range(1, min(len(chain), longest) + 1):
                if chain[count - 1].kernel.name != "sparse":
                    continue
                end = chain[count - 1].index + chain[count - 1].operations
                for members in lane_groups(chain[:count]):
                    taps, counted = _variants(members), lane_counts(members)
                    if sum(lane_costs(taps[-1], RATES[by], counted)) < sum(direct[first:end]):
                        yield from (_option(parts, variant, by, counted) for variant in taps)


def whole_lane_options(parts: Parts, by: Measure) -> Iterator[Option]:
    """The lane groups of all operations, with byte lists."""
    for columns in (True, False):
        chain = lane_chain(lane_steps(parts, columns), 0)
        if chain and chain[-1].index + chain[-1].operations == len(parts):
            for members in lane_groups(chain):
                yield _option(parts, members, by, lane_counts(members))


def _variants(members: Group) -> tuple[Group, ...]:
    """The group with byte lists, then with the layers one by one as taps, the most used first."""
    steps = [step for step, _ in by_use([members])]
    all_taps = {step.index: ListSplit(0, step.lists.channels) for step in steps if step.lists}
    chosen = choose_lists(steps, 0)
    variants = [members]
    for step in steps:
        chosen[step.index] = all_taps[step.index]
        variants.append(with_lists(members, chosen))
    return tuple(variants)


def _option(parts: Parts, members: Group, by: Measure, counted: LaneCounts) -> Option:
    first, last = members.steps[0], members.steps[-1]
    end = last.index + last.operations
    before = 0 if first.index == 0 else int(first.layer.input.size)
    after = 0 if end == len(parts) else ring_bytes(last, last.output_shape[0])
    instructions = sum(lane_costs(members, RATES["instructions"], counted))
    cost = instructions if by == "instructions" else sum(lane_costs(members, RATES[by], counted))
    return Option(
        first.index,
        end,
        members.steps,
        members.rings,
        members.lanes,
        before + after + members.inner_bytes + members.scratch,
        members.scratch,
        sum(step.constant_bytes for step in members.steps),
        int(instructions),
        cost,
    )
