"""Which weights of lane groups are kept as taps: a knapsack of flash and RAM by the use of a byte."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_groups import tiles
from edgel3_deploy.plan.list_sizes import ListSplit


def by_use(groups: Sequence[Group]) -> tuple[tuple[Step, int], ...]:
    """The sparse steps with how often an inference meets each list (tiles times rows), most often first.

    A tap takes the same bytes and saves the same work each time it is met, whatever its layer.
    """
    met = [
        (step, step.rows * count)
        for members in groups
        if members.lanes is not None
        for step, count in zip(members.steps, tiles(members), strict=True)
        if step.lists is not None
    ]
    return tuple(sorted(met, key=lambda entry: (-entry[1], entry[0].index)))


def choose_lists(
    steps: Sequence[Step], spare: int, resident: Mapping[int, int] | None = None
) -> dict[int, ListSplit]:
    """A split for each of the steps, in their order, by step index: taps in `spare` bytes of flash.

    That is the flash beyond what lists of bytes take. `resident` are output channels whose lists are decoded
    into RAM, by step index.
    """
    chosen = {}
    for step in steps:
        assert step.lists is not None
        kept = (resident or {}).get(step.index, 0)
        least = step.lists.flash_bytes(ListSplit(kept))

        def extra(taps: int, step: Step = step, kept: int = kept, least: int = least) -> int:
            assert step.lists is not None
            return step.lists.flash_bytes(ListSplit(kept, taps)) - least

        taps = bisect_right(range(step.lists.channels - kept + 1), spare, key=extra) - 1
        chosen[step.index] = ListSplit(kept, max(taps, 0))
        spare -= extra(chosen[step.index].taps)
    return chosen


def with_lists(members: Group, chosen: Mapping[int, ListSplit]) -> Group:
    """The group with its lists split as chosen."""
    steps = [
        step if step.index not in chosen or step.lists is None else with_split(step, chosen[step.index])
        for step in members.steps
    ]
    return replace(members, steps=tuple(steps))


def with_split(step: Step, split: ListSplit) -> Step:
    """The sparse step with its lists split so."""
    return replace(step, kernel=replace(step.kernel, lists=split))
