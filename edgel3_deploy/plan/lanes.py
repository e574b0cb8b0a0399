"""The lane layout: how the rows of a lane group lie in memory, two positions in a word of two lanes.

Within a row the positions of one channel lie together. A supergroup holds 2 * distance positions: position
j < distance of it is a lane 0 (unsigned, x + 128), position distance + j the lane 1 beside it (x itself). A
32-bit word of memory holds [s(j) u(j) s(j+1) u(j+1)]. A tile is 8 bytes: four words of two lanes once they
are expanded. A 2x2 pooling halves the distance, so that the pooled positions of a tile are one word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

GRAIN = 4
"""Distances are multiples of this many positions: the lanes of a tile."""


@dataclass(frozen=True)
class Lanes:
    """Rows of `width` positions and `channels` channels whose lanes are `distance` positions apart."""

    width: int
    channels: int
    distance: int

    @property
    def stride(self) -> int:
        """Bytes of one channel's row: whole supergroups, then the rest in words."""
        whole, rest = divmod(self.width, 2 * self.distance)
        return whole * 2 * self.distance + 2 * -(-min(self.distance, rest) // GRAIN) * GRAIN

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of all channels."""
        return self.channels * self.stride

    @property
    def pooled(self) -> Lanes:
        """What a 2x2 pooling makes of a row; an odd last position is dropped."""
        return Lanes(self.width // 2, self.channels, self.distance // 2)

    def offset(self, position: int) -> int:
        """The byte of a position within its channel's row."""
        supergroup, rest = divmod(position, 2 * self.distance)
        j = rest % self.distance
        return supergroup * 2 * self.distance + 2 * j + (rest < self.distance)

    def tiles(self, first: int = 0, end: int | None = None) -> int:
        """Tiles of a row that hold any of the positions [first, end), by default of all."""
        return len(_tiles(self.distance, first, self.width if end is None else end))

    def edges(self, first: int, end: int) -> int:
        """Those of them that are the first or the last of a supergroup, or of the row."""
        per_group = max(self.distance // GRAIN, 1)
        last = self.stride // 8 - 1
        return sum(
            tile % per_group in (0, per_group - 1) or tile == last
            for tile in _tiles(self.distance, first, end)
        )

    def cut(self, first: int, end: int) -> int:
        """Those of them that hold other positions of the tile's 8 too."""
        counted = Counter(self.offset(position) // 8 for position in range(first, end))
        return sum(count < 8 for count in counted.values())


@cache
def _tiles(distance: int, first: int, end: int) -> frozenset[int]:
    """Numbers of the tiles of a row that hold any of the positions [first, end)."""
    lanes = Lanes(end, 1, distance)
    return frozenset(lanes.offset(position) // 8 for position in range(first, end))


def distances(width: int, poolings: int) -> Iterator[int]:
    """Every distance worth trying for rows of `width` positions that are pooled so many times.

    Each pooling halves the distance, which must stay a multiple of GRAIN. Beyond half the width a larger one
    only adds bytes.
    """
    step = GRAIN << poolings
    yield from range(step, max(width // 2, 1) + step, step)
