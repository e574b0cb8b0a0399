"""In which order a board shows the bytes of a step's output."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Order:
    """`axis`: pixels shows a map (height, width, channels) as it lies in memory. rows and columns show it row
    by row, or column by column, and of each the channels in turn, every channel's positions together.

    `cuts`: where maps are computed in strips, the positions at which another strip begins; each strip is
    shown whole before the next.
    """

    axis: Literal["pixels", "rows", "columns"] = "pixels"
    cuts: tuple[int, ...] = ()

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether an output of `shape` can be shown so."""
        if self.axis == "pixels":
            return not self.cuts
        if len(shape) != 3:
            return False
        positions = shape[1] if self.axis == "rows" else shape[0]
        ends = (0, *self.cuts, positions)
        return all(a < b for a, b in pairwise(ends))

    def shown(self, values: NDArray[np.int8]) -> bytes:
        """The bytes of `values`, an output in its own shape, as the board shows them."""
        if self.axis == "pixels":
            return values.tobytes()
        lines = values if self.axis == "rows" else values.swapaxes(0, 1)
        strips = np.split(lines.swapaxes(1, 2), self.cuts, axis=2)
        return b"".join(strip.tobytes() for strip in strips)


PIXELS = Order()
