"""Lane groups for a chain of steps: distance of the lanes, rings, tiles."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from edgel3_deploy.plan.group import Group, LaneGroup, Ring, Strip, ring_rows
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_cost import ADAPTED, INSTRUCTIONS, Rates, mono_cost, sparse_cost
from edgel3_deploy.plan.lanes import Lanes, distances


def lane_groups(steps: tuple[Step, ...]) -> Iterator[Group]:
    """The group of these lane steps for every distance, without those that take more memory or more tiles."""
    poolings = sum(step.kernel.pooled for step in steps)
    best: list[tuple[int, int]] = []
    # Of distances that are equal otherwise the largest has the fewest ends of lanes in a row.
    found = [lane_group(steps, distance) for distance in distances(_width(steps[0]), poolings)][::-1]
    for members in sorted(found, key=lambda members: (members.inner_bytes, sum(tiles(members)))):
        work = sum(tiles(members))
        if all(work < known for _, known in best):
            best.append((members.inner_bytes, work))
            yield members


def lane_group(steps: tuple[Step, ...], distance: int) -> Group:
    """The group of these steps whose first convolution has lanes that are `distance` apart."""
    columns = steps[0].kernel.columns
    halvings = accumulate((step.kernel.pooled for step in steps[:-1]), initial=0)
    before = [
        Lanes(_width(step), step.input_shape[2], distance >> n)
        for step, n in zip(steps, halvings, strict=True)
    ]
    rows = [ring_rows(1, _input_rows(step), step.reads) for step in steps]
    inputs = [
        Ring(lanes, kept, _input_rows(step)) for lanes, kept, step in zip(before, rows, steps, strict=True)
    ]
    last = steps[-1]
    height, width, channels = last.output_shape
    made = before[-1].pooled if last.kernel.pooled else before[-1]
    lanes = LaneGroup(
        columns=columns,
        rings=tuple(inputs[1:]),
        entry=inputs[0] if steps[0].kernel.name == "sparse" else None,
        exit=None
        if last.kernel.reduced
        else Ring(Lanes(made.width, channels, made.distance), 1, width if columns else height),
        maxima=channels if last.kernel.reduced else 0,
        strips=(_whole(steps),),
    )
    return Group(steps, tuple(rows[1:]), lanes)


def tiles(members: Group) -> tuple[int, ...]:
    """Tiles that each step of a lane group computes in a row, over all strips."""
    assert members.lanes is not None
    return tuple(
        sum(
            Lanes(strip.widths[index], 1, distance).tiles(*strip.counted[index])
            for strip in members.lanes.strips
        )
        for index, distance in enumerate(conv_distances(members))
    )


def conv_distances(members: Group) -> tuple[int, ...]:
    """The distance of the lanes in each step's convolution row."""
    lanes = members.lanes
    assert lanes is not None
    found = [ring.lanes.distance for ring in (lanes.entry, *lanes.rings) if ring is not None]
    if lanes.entry is None:
        first = (*lanes.rings, lanes.exit)[0]
        assert first is not None
        found.insert(0, first.lanes.distance)
    return tuple(found)


def lane_costs(members: Group, rates: Rates = INSTRUCTIONS) -> tuple[float, ...]:
    """The modelled cost of each step of a lane group; the ends' transposition belongs to the end steps."""
    assert members.lanes is not None
    costs = [
        mono_cost(step, count) if step.kernel.name == "mono_lanes" else sparse_cost(step, count, rates)
        for step, count in zip(members.steps, tiles(members), strict=True)
    ]
    if members.lanes.entry is not None:
        costs[0] += ADAPTED * int(members.steps[0].layer.input.size)
    if members.lanes.exit is not None:
        costs[-1] += ADAPTED * int(members.steps[-1].layers[-1].output.size)
    return tuple(costs)


def _width(step: Step) -> int:
    """Positions of a row of the step's input."""
    return step.input_shape[0 if step.kernel.columns else 1]


def _input_rows(step: Step) -> int:
    return step.input_shape[1 if step.kernel.columns else 0]


def _whole(steps: tuple[Step, ...]) -> Strip:
    return Strip(
        origins=tuple(0 for _ in steps),
        widths=tuple(_width(step) for step in steps),
        counted=tuple((0, step.positions) for step in steps),
        owned=tuple((0, step.positions // (2 if step.kernel.pooled else 1)) for step in steps),
    )
