"""A run of steps that take turns row by row, and how many rows of the maps between them must be kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from edgel3_deploy.plan.kernel import Step


@dataclass(frozen=True)
class Group:
    """Consecutive steps executed together: the last pulls rows through the others.

    `rings` holds, for each map between two of the steps, the rows kept in memory: its height where that is no
    more. A group of one step runs it over the whole map.
    """

    steps: tuple[Step, ...]
    rings: tuple[int, ...]

    @property
    def inner_bytes(self) -> int:
        """Bytes of the maps between the steps, each aligned for the kernels."""
        return sum(
            aligned(ring_bytes(step, rows)) for step, rows in zip(self.steps, self.rings, strict=False)
        )

    @property
    def scratch(self) -> int:
        """Bytes of the workspace that the steps share: one works at a time."""
        return max(step.scratch for step in self.steps)


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
