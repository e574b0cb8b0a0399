"""Modelled cost of whole steps in lane groups, with the figures that cost_sparse.py has of the kernel.

They choose between candidates and are never reported as measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.plan.cost_sparse import (
    CHANNEL,
    CUT_CHANNEL,
    ENTRY,
    ENTRY_BYTES,
    ENTRY_CYCLES,
    GENERAL_CHANNEL,
    GENERAL_LIST,
    MISS,
    PLAIN_CHANNEL,
    TURN,
    TURN_ENTRIES,
    ListForm,
    Output,
    expansion,
)
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.list_sizes import ListSplit


@dataclass(frozen=True)
class Rates:
    """Costs per entry of a list by form and place; the rest is the same for all."""

    tap: float
    resident_tap: float
    narrow_pair: float
    wide_pair: float

    def pair(self, wide: bool) -> float:
        return self.wide_pair if wide else self.narrow_pair


def _turn(form: ListForm) -> float:
    """An entry's share of the loop around it."""
    return TURN / TURN_ENTRIES[form]


def _cycles(form: ListForm) -> float:
    """Cycles of an entry in flash."""
    return ENTRY_CYCLES[form] + MISS * ENTRY_BYTES[form] + _turn(form)


INSTRUCTIONS = Rates(
    tap=ENTRY["taps"] + _turn("taps"),
    resident_tap=ENTRY["taps"] + _turn("taps"),
    narrow_pair=ENTRY["bytes1"] + _turn("bytes1"),
    wide_pair=ENTRY["bytes4"] + _turn("bytes4"),
)
CYCLES = Rates(
    tap=_cycles("taps"),
    resident_tap=ENTRY_CYCLES["taps"] + _turn("taps"),
    narrow_pair=_cycles("bytes1"),
    wide_pair=_cycles("bytes4"),
)
MONO_ROW, MONO_POSITION, MONO_CHANNEL, MONO_OUTPUT = 2000.0, 45.0, 60.0, 10.3
"""Of mono_lanes: a row of a strip, a position whose patch is gathered, a row of a channel, an output."""
ADAPTED, MOVED = 6.0, 0.75
"""Per value that is laid out in lanes or back; per byte of a row that is moved."""


def sparse_cost(step: Step, tiles: int, edges: int, rates: Rates) -> float:
    """The cost of a whole sparse step of `tiles` tiles a row, `edges` of them at an end of a supergroup."""
    sizes, split = step.lists, step.kernel.lists
    assert sizes is not None
    resident = sizes.taps[split.resident]
    per_tile = (
        resident * rates.resident_tap
        + (sizes.tap_entries(split) - resident) * rates.tap
        + sizes.byte_entries(split) * rates.pair(sizes.wide)
        + _channels(step, split)
    )
    return step.rows * (tiles * per_tile + expansion(step.input_shape[2], tiles, edges))


def least_cost(step: Step, rates: Rates) -> float:
    """What a whole lane step takes at least, in whatever group, all lists as taps: known before any list is.

    A row has at least as many tiles as hold its positions.
    """
    if step.kernel.name == "mono_lanes":
        return mono_cost(step, step.positions // 8)
    assert isinstance(step.layer, Conv2D)
    return step.rows * step.positions / 8 * np.count_nonzero(step.layer.weights) * rates.tap


def cut_cost(step: Step, tiles: int) -> float:
    """What a step under the maximum over the map costs more for so many tiles a row that are cut."""
    return step.rows * tiles * step.output_shape[2] * CUT_CHANNEL


def _channels(step: Step, split: ListSplit) -> float:
    """Of starting and finishing every output channel's list for a tile."""
    output: Output = "pooled" if step.kernel.pooled else "global" if step.kernel.reduced else "rows"
    outputs = step.output_shape[2]
    plain = outputs - split.resident - split.taps
    finished = outputs * (CHANNEL[output] + TURN / 2) + plain * PLAIN_CHANNEL
    sizes = step.lists
    assert sizes is not None
    general = sizes.general_channels * GENERAL_CHANNEL[output] + sizes.general[-1] * GENERAL_LIST
    return finished + general


def mono_cost(step: Step, tiles: int, strips: int = 1) -> float:
    """The cost of the one-channel convolution into lanes, 8 positions a tile."""
    outputs, positions = step.output_shape[2], 8 * tiles
    whole = strips * (MONO_ROW + outputs * MONO_CHANNEL)
    return step.rows * (whole + positions * (MONO_POSITION + outputs * MONO_OUTPUT))
