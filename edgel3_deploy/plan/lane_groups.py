"""Lane groups for a chain of steps: distance of the lanes, rings, tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

from edgel3_deploy.plan.group import Group, LaneGroup, Ring, ring_rows
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.lane_cost import ADAPTED, INSTRUCTIONS, MOVED, Rates, cut_cost, mono_cost, sparse_cost
from edgel3_deploy.plan.lane_strips import output_positions, row_width, strips
from edgel3_deploy.plan.lane_workspace import with_newest_apart
from edgel3_deploy.plan.lanes import Lanes, distances
from edgel3_deploy.plan.list_sizes import ListSplit


def lane_groups(steps: tuple[Step, ...]) -> Iterator[tuple[Group, LaneCounts]]:
    """The groups of these lane steps, by distance, strips and place of the newest rows, with their counts.

    Those are left out that others are better than, with less memory, no more tiles and no more bytes moved.
    Only a group that ends in the maximum over the map may run in strips, two, which meet near the middle.
    """
    for members, counted in _groups(_Chain(tuple([_shape(step) for step in steps]), steps)):
        yield Group(steps, members.rings, members.lanes), counted


_Shape = tuple[Kernel, tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True)
class _Chain:
    """Steps by what decides their groups: kernels, inputs and outputs, but not weights."""

    shapes: tuple[_Shape, ...]
    steps: tuple[Step, ...] = field(compare=False)


def _shape(step: Step) -> _Shape:
    return replace(step.kernel, lists=ListSplit()), step.input_shape, step.output_shape


@lru_cache(maxsize=1024)
def _groups(chain: _Chain) -> tuple[tuple[Group, LaneCounts], ...]:
    """The groups of any steps like these: searched once for networks that differ in their weights."""
    steps = chain.steps
    poolings = sum(step.kernel.pooled for step in steps)
    middle = output_positions(steps[-1]) // 2
    cuts = [()] + [(at,) for at in (middle, middle + 1) if steps[-1].kernel.reduced and middle > 0]
    # Of distances that are equal otherwise the largest has the fewest ends of lanes in a row.
    found = [
        lane_group(steps, distance, cut)
        for cut in cuts
        for distance in reversed([*distances(row_width(steps[0]), poolings)])
    ]
    found += [with_newest_apart(members) for members in found]
    needs = [(members.inner_bytes + members.scratch, _work(members)) for members in found]
    kept = []
    least: tuple[int, int] | None = None
    for (_, work), members in sorted(zip(needs, found, strict=True), key=itemgetter(0)):
        if least is None or work < least:
            least = work
            kept.append((members, lane_counts(members)))
    return tuple(kept)


def _work(members: Group) -> tuple[int, int]:
    """What the cost of a group grows with: tiles, and bytes that are moved."""
    return sum(tiles(members)), sum(moved_bytes(members))


def lane_group(steps: tuple[Step, ...], distance: int, cuts: tuple[int, ...] = ()) -> Group:
    """The group of these steps whose first convolution has lanes that are `distance` apart.

    `cuts` divide the last step's output positions into strips.
    """
    columns = steps[0].kernel.columns
    parts = strips(steps, cuts)
    halvings = accumulate((step.kernel.pooled for step in steps[:-1]), initial=0)
    widths = [max(part.widths[index] for part in parts) for index in range(len(steps))]
    before = [
        Lanes(width, step.input_shape[2], distance >> halved)
        for width, step, halved in zip(widths, steps, halvings, strict=True)
    ]
    rows = [ring_rows(1, _input_rows(step), step.reads) for step in steps]
    inputs = [Ring(before[n], rows[n], _input_rows(step)) for n, step in enumerate(steps)]
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
        strips=parts,
    )
    return Group(steps, tuple(rows[1:]), lanes)


def tiles(members: Group) -> tuple[int, ...]:
    """Tiles of positions that count, of each step of a lane group in a row, over all strips."""
    return _over_strips(members, Lanes.tiles)


def edges(members: Group) -> tuple[int, ...]:
    """How many of these tiles are at an end of a supergroup, whose words take more to expand."""
    return _over_strips(members, Lanes.edges)


def _cut(members: Group) -> int:
    """How many of the last step's tiles hold positions that do not count, if it is under a maximum."""
    assert members.lanes is not None
    if not members.steps[-1].kernel.reduced:
        return 0
    distance = conv_distances(members)[-1]
    return sum(Lanes(strip.widths[-1], 1, distance).cut(*strip.counted[-1]) for strip in members.lanes.strips)


def _over_strips(members: Group, number: Callable[[Lanes, int, int], int]) -> tuple[int, ...]:
    """A number of tiles of each step's row, over all strips."""
    assert members.lanes is not None
    return tuple(
        sum(
            number(Lanes(strip.widths[index], 1, distance), *strip.counted[index])
            for strip in members.lanes.strips
        )
        for index, distance in enumerate(conv_distances(members))
    )


def _mono_tiles(lanes: LaneGroup) -> int:
    """Tiles of a row that mono_lanes makes over all strips: it leaves none out."""
    made = (*lanes.rings, lanes.exit)[0]
    assert made is not None
    return max(len(lanes.strips), 1) * made.lanes.stride // 8


def moved_bytes(members: Group) -> tuple[int, ...]:
    """Bytes that each step moves from the workspace into the ring it reads, over all rows and strips."""
    assert members.lanes is not None
    turns = max(len(members.lanes.strips), 1)
    moved = (
        0 if ring.newest is None else turns * (ring.height - 1) * ring.lanes.row_bytes
        for ring in members.lanes.rings
    )
    return (0, *moved)


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


class LaneCounts(NamedTuple):
    """What of a lane group's memory and work does not depend on its lists: see what counts it."""

    inner_bytes: int
    scratch: int
    tiles: tuple[int, ...]
    edges: tuple[int, ...]
    cut: int
    moved_bytes: tuple[int, ...]


def lane_counts(members: Group) -> LaneCounts:
    """The counts of a group, which are also those of the same group with other lists."""
    return LaneCounts(
        members.inner_bytes,
        members.scratch,
        tiles(members),
        edges(members),
        _cut(members),
        moved_bytes(members),
    )


def lane_costs(
    members: Group, rates: Rates = INSTRUCTIONS, counted: LaneCounts | None = None
) -> tuple[float, ...]:
    """The modelled cost of each step of a lane group; the ends' transposition belongs to the end steps.

    `counted` are the group's `lane_counts`, where they are known.
    """
    assert members.lanes is not None
    counted = counted or lane_counts(members)
    counts = zip(members.steps, counted.tiles, counted.edges, strict=True)
    costs = [
        mono_cost(step, _mono_tiles(members.lanes), max(len(members.lanes.strips), 1))
        if step.kernel.name == "mono_lanes"
        else sparse_cost(step, count, ends, rates)
        for step, count, ends in counts
    ]
    costs[-1] += cut_cost(members.steps[-1], counted.cut)
    costs = [cost + MOVED * moved for cost, moved in zip(costs, counted.moved_bytes, strict=True)]
    if members.lanes.entry is not None:
        costs[0] += ADAPTED * int(members.steps[0].layer.input.size)
    if members.lanes.exit is not None:
        costs[-1] += ADAPTED * int(members.steps[-1].layers[-1].output.size)
    return tuple(costs)


def _input_rows(step: Step) -> int:
    return step.input_shape[1 if step.kernel.columns else 0]
