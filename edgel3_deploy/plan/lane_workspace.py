"""Rings of two rows: the third, the newest, lies in the workspace only while steps that use it run.

Of three rows that a step reads the first is dead as soon as the row is made. So the newest row need not be in
the ring before that: it is made in the workspace, read there, and then moved over the first. Meanwhile other
steps run only if the row is a pooled one: between its two halves all steps in front of it do. At other times
its bytes serve other steps. Most of the workspace is the tile of the step with the most input channels, the
last, and by then the newest rows of all rings but its own have moved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgel3_deploy.plan.group import Group, LaneGroup, aligned, scratch_of

READ_ROWS = 3
"""Rows that a 3x3 convolution reads."""


@dataclass(frozen=True)
class _Held:
    """Bytes [begin, end) of the workspace while the steps numbered `first` to `last` run."""

    first: int
    last: int
    begin: int
    end: int


def with_newest_apart(members: Group) -> Group:
    """The lane group with the newest rows of its rings in the workspace."""
    lanes = members.lanes
    assert lanes is not None
    held: list[_Held] = []
    rings = list(lanes.rings)
    for number, ring in reversed([*enumerate(rings)]):
        if ring.rows == READ_ROWS:
            held.append(_place(members, lanes, number, held))
            rings[number] = replace(ring, rows=READ_ROWS - 1, newest=held[-1].begin)
    kept = tuple(ring.rows for ring in rings)
    return replace(members, rings=kept, lanes=replace(lanes, rings=tuple(rings)))


def _place(members: Group, lanes: LaneGroup, number: int, held: list[_Held]) -> _Held:
    """Where the newest row of ring `number` can lie: the lowest place beside what is `held` already."""
    first, last = 0 if members.steps[number].kernel.pooled else number, number + 1
    size = aligned(lanes.rings[number].lanes.row_bytes)
    begin = max(aligned(scratch_of(step, lanes)) for step in members.steps[first : last + 1])
    beside = [other for other in held if other.first <= last and first <= other.last]
    for other in sorted(beside, key=lambda other: other.begin):
        if begin + size <= other.begin:
            break
        begin = max(begin, other.end)
    return _Held(first, last, begin, begin + size)
