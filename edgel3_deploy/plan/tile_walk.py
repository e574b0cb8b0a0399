"""The tiles of a Winograd kernel as its driver walks them: calls, blocks of four, and those at the edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Walk:
    """Over a whole map: calls, tiles, and `blocks` of 1, 2, 3 and 4 tiles.

    `outside`: tiles whose input patch reaches over the map's edge. `cut`: tiles that the output's edge cuts
    off, `aside`: all tiles of blocks with one of those.
    """

    calls: int
    count: int
    blocks: tuple[int, int, int, int]
    outside: int
    cut: int
    aside: int


@cache
def walk(
    tile: int, side: int, inputs: tuple[int, int], outputs: tuple[int, int], units_per_call: int
) -> Walk:
    """Tiles of `tile` x `tile` convolution outputs, `side` x `side` of the map, for maps (height, width)."""
    rows, across = -(-outputs[0] // side), -(-outputs[1] // side)
    blocks = [0, 0, 0, 0]
    cut = aside = calls = 0
    for first, end in _calls(rows, units_per_call):
        calls += 1
        whole = [
            (row + 1) * side <= outputs[0] and (column + 1) * side <= outputs[1]
            for row in range(first, end)
            for column in range(across)
        ]
        cut += whole.count(False)
        for start in range(0, len(whole), 4):
            block = whole[start : start + 4]
            blocks[len(block) - 1] += 1
            aside += 0 if all(block) else len(block)
    inside = _inside(tile, rows, inputs[0]) * _inside(tile, across, inputs[1])
    return Walk(
        calls, rows * across, (blocks[0], blocks[1], blocks[2], blocks[3]), rows * across - inside, cut, aside
    )


@cache
def passes(side: int, outputs: tuple[int, int], units_per_call: int, blocks: int) -> int:
    """Groups of 4 * blocks tiles: how often weights in flight are transformed."""
    rows, across = -(-outputs[0] // side), -(-outputs[1] // side)
    return sum(-(-(end - first) * across // (4 * blocks)) for first, end in _calls(rows, units_per_call))


def _calls(rows: int, units_per_call: int) -> Iterator[tuple[int, int]]:
    """Rows of tiles [first, end) of each call."""
    for first in range(0, rows, units_per_call):
        yield first, min(first + units_per_call, rows)


def _inside(tile: int, count: int, size: int) -> int:
    """Of `count` tiles along an axis of `size` pixels, those whose patches lie inside."""
    return sum(1 for index in range(1, count) if tile * (index + 1) + 1 <= size)
