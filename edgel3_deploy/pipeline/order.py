"""In which order a board shows the bytes of a step's output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Network, Reshape
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.schedule import Schedule


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


def shown_layer(network: Network, step: Sequence[int]) -> int:
    """Of a step's layers, given by their indices, the last that is no view: its output is what is shown."""
    computed = (index for index in reversed(step) if not isinstance(network.layers[index], Reshape))
    return next(computed, step[-1])


def schedule_orders(schedule: Schedule) -> tuple[Order, ...]:
    """How each step of a schedule shows its output."""
    return tuple(order for members in schedule.groups for order in _orders(members))


def _orders(members: Group) -> Iterator[Order]:
    lanes = members.lanes
    for index, step in enumerate(members.steps):
        if lanes is None or step.kernel.reduced:
            yield PIXELS
            continue
        owned = [strip.owned[index] for strip in lanes.strips]
        ends = np.cumsum([end - first for first, end in owned]).tolist()
        yield Order("columns" if lanes.columns else "rows", tuple(ends[:-1]))
