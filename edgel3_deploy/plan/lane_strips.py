"""Strips of a lane group: the positions that each step needs so that the last step's share comes out right.

Going back from the last step, a convolution needs one position more on either side, a pooling twice as many.
A strip runs as a picture of its own: what lies outside reads as the zero point there, so positions near a cut
come out wrong, and those do not count.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgel3_deploy.plan.group import Strip
from edgel3_deploy.plan.kernel import Step


def strips(steps: Sequence[Step], cuts: Sequence[int]) -> tuple[Strip, ...]:
    """Strips whose last outputs lie between `cuts`, rising positions of the last step's output row.

    Without cuts one strip of the whole width.
    """
    whole = output_positions(steps[-1])
    ends = (*cuts, whole)
    return tuple(_strip(steps, first, end) for first, end in zip((0, *cuts), ends, strict=True))


def _strip(steps: Sequence[Step], first: int, end: int) -> Strip:
    """The strip that gives the last step's output positions [first, end)."""
    needed = _needed(steps, first, end)
    doublings = [sum(step.kernel.pooled for step in steps[index:-1]) for index in range(len(steps))]
    lowest = [low for low, _ in needed[:1]] + [max(low - 1, 0) for low, _ in needed[1:]]
    origin = min(low >> doubled for low, doubled in zip(lowest, doublings, strict=True))
    origins = tuple(origin << doubled for doubled in doublings)
    widths = [min(high + 1, row_width(step)) for (_, high), step in zip(needed, steps, strict=True)]
    return Strip(
        origins=origins,
        widths=tuple(width - at for width, at in zip(widths, origins, strict=True)),
        counted=tuple((low - at, high - at) for (low, high), at in zip(needed, origins, strict=True)),
        owned=_owned(steps, origins, first, end),
    )


def _needed(steps: Sequence[Step], first: int, end: int) -> list[tuple[int, int]]:
    """Positions [low, high) of each step's convolution row, in the whole row."""
    needed = []
    for step in reversed(steps):
        low, high = (2 * first, 2 * end) if step.kernel.pooled else (first, end)
        high = min(high, step.positions)
        needed.append((low, high))
        first, end = max(low - 1, 0), min(high + 1, row_width(step))
    return needed[::-1]


def _owned(
    steps: Sequence[Step], origins: Sequence[int], first: int, end: int
) -> tuple[tuple[int, int], ...]:
    """Local output positions of each step between the same cuts, scaled; the last strip's reach the end."""
    found: list[tuple[int, int]] = []
    last = end == output_positions(steps[-1])
    for step, origin in zip(reversed(steps), reversed(origins), strict=True):
        at = origin // 2 if step.kernel.pooled else origin
        found.append((first - at, (output_positions(step) if last else end) - at))
        if step.kernel.pooled:
            first, end = 2 * first, 2 * end
    return tuple(reversed(found))


def output_positions(step: Step) -> int:
    """Positions of a row of the step's output, before a maximum over the map."""
    return step.positions // 2 if step.kernel.pooled else step.positions


def row_width(step: Step) -> int:
    """Positions of a row of the step's input."""
    return step.input_shape[0 if step.kernel.columns else 1]
