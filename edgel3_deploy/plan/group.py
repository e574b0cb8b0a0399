"""A run of steps that take turns row by row, and how many rows of the maps between them must be kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lanes import Lanes


@dataclass(frozen=True)
class Ring:
    """`rows` rows in the lane layout of a map of `height` rows.

    `newest`: a further row lies in the group's workspace, from that byte on, while the step behind reads it.
    It moves into the ring when this has been done. None if the ring has all rows that are read.
    """

    lanes: Lanes
    rows: int
    height: int
    newest: int | None = None

    @property
    def bytes(self) -> int:
        return self.rows * self.lanes.row_bytes


@dataclass(frozen=True)
class Strip:
    """Part of the positions, for which the whole group runs as if it were a picture of its own.

    All tuples have one entry per step. Local position 0 of the step's convolution row is position `origins`
    of the whole row, which is `widths` positions wide here. Local positions `counted` [first, end) of the
    convolution row are right and needed: tiles without any are skipped, and no other enters a maximum.
    `owned` are the local positions [first, end) of the step's output, after pooling, that no other strip
    shows: over all strips they are the whole width.
    """

    origins: tuple[int, ...]
    widths: tuple[int, ...]
    counted: tuple[tuple[int, int], ...]
    owned: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class LaneGroup:
    """What a group of lane kernels has beside its steps.

    `columns`: rows are time steps and positions mel bands, so maps outside are read and written transposed.
    `rings` has one entry for each map between two steps. `entry` is the ring into which the rows of the map
    in front are laid out if the first step is sparse (None if it is mono_lanes, which reads the map itself);
    `exit` the row in which the last step leaves its output before it goes to the map behind, None if it ends
    in the maximum over the map. `maxima` is the number of those, int32 each. With strips the
    lanes of all rings are the widest strip's.
    """

    columns: bool
    rings: tuple[Ring, ...]
    entry: Ring | None
    exit: Ring | None
    maxima: int
    strips: tuple[Strip, ...]

    @property
    def buffers(self) -> tuple[Ring, ...]:
        """Entry, rings and exit, as far as they are there."""
        ends = (self.entry, *self.rings, self.exit)
        return tuple(ring for ring in ends if ring is not None)


@dataclass(frozen=True)
class Group:
    """Consecutive steps executed together: the last pulls rows through the others.

    `rings` holds, for each map between two of the steps, the rows kept in memory: its height where that is no
    more. A group of one step runs it over the whole map. `lanes` is there for groups of lane kernels: then
    their rows are in the lane layout, and a group of one step also runs row by row.
    """

    steps: tuple[Step, ...]
    rings: tuple[int, ...]
    lanes: LaneGroup | None = None

    @property
    def buffers(self) -> tuple[int, ...]:
        """Bytes of each buffer of rows in order: entry, rings, exit for lanes, else the rings."""
        if self.lanes is not None:
            return tuple(ring.bytes for ring in self.lanes.buffers)
        return tuple(ring_bytes(step, rows) for step, rows in zip(self.steps, self.rings, strict=False))

    @cached_property
    def inner_bytes(self) -> int:
        """Bytes of `buffers` and the maxima, each aligned for the kernels."""
        return sum(aligned(size) for size in self.buffers) + aligned(self.maxima_bytes)

    @property
    def maxima_bytes(self) -> int:
        """Bytes of running maxima, int32."""
        return 4 * self.lanes.maxima if self.lanes else 0

    @cached_property
    def scratch(self) -> int:
        """Bytes of the workspace that the steps share: one works at a time.

        Behind a step's own lie the newest rows of rings that have them there.
        """
        rings = self.lanes.rings if self.lanes else ()
        ends = [ring.newest + ring.lanes.row_bytes for ring in rings if ring.newest is not None]
        return max(*(scratch_of(step, self.lanes) for step in self.steps), *ends, 0)

    @cached_property
    def products(self) -> int:
        """Bytes of the buffer that steps with weights in flight apart share."""
        return max(step.products for step in self.steps)


def scratch_of(step: Step, lanes: LaneGroup | None) -> int:
    """Bytes of a step's workspace, as the edgel3_*_scratch functions count them."""
    if lanes is None or step.kernel.name != "mono_lanes":
        return step.scratch
    made = (*lanes.rings, lanes.exit)[0]
    assert made is not None
    return made.lanes.stride * MONO_PATCH_BYTES + aligned(3 * (made.lanes.width + 4))


MONO_PATCH_BYTES = 20
"""Five int16 pairs for each position: what mono_lanes expands three rows of the input to."""


def aligned(size: int) -> int:
    """`size` rounded up to the 8 bytes that kernels ask of their buffers."""
    return -(-size // 8) * 8


def ring_bytes(step: Step, rows: int) -> int:
    """Bytes of `rows` rows of the step's output."""
    _, width, channels = step.output_shape
    return rows * width * channels


@cache
def ring_rows(unit: int, height: int, reads: tuple[tuple[int, int], ...]) -> int:
    """Rows that a ring must hold so that its consumer, which reads [first, end) unit by unit, finds them.

    The producer makes `unit` rows of a map of `height` rows at a time, and is asked only as the consumer's
    next unit needs them. A ring is a multiple of the unit, so that a unit never wraps around; at most the
    map's height, then it is no ring.
    """
    made = rows = 0
    for first, end in reads:
        while made < end:
            made = min(made + unit, height)
        rows = max(rows, made - first)
    return min(-(-rows // unit) * unit, height)


def group(steps: tuple[Step, ...]) -> Group:
    """The group of these steps with the smallest rings."""
    rings = tuple(ring_rows(a.unit, a.output_shape[0], b.reads) for a, b in pairwise(steps))
    return Group(steps, rings)
