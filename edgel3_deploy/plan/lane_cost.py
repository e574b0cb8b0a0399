"""Instructions and cycles of the lane kernels on a Cortex-M7, modelled.

Per tile of 8 positions. Instructions are fitted to counts measured on QEMU's mps2-an500; cycles are
llvm-mca's for each loop, one for every other instruction, and the cache lines that a list in flash misses.
They choose between candidates and are never reported as measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.list_sizes import ListSplit


@dataclass(frozen=True)
class Rates:
    """Costs per entry of a list by form and place, and of the rest, which is the same for all forms."""

    tap: float
    resident_tap: float
    narrow_pair: float
    wide_pair: float

    def pair(self, wide: bool) -> float:
        return self.wide_pair if wide else self.narrow_pair


MISS = 12.0 / 32.0
"""Cycles for each byte of a list that comes from flash: 12 for a cache line of 32 bytes at 7 wait states."""
INSTRUCTIONS = Rates(tap=6.05, resident_tap=6.05, narrow_pair=8.5, wide_pair=9.0)
CYCLES = Rates(tap=7.0 + 8 * MISS, resident_tap=7.0, narrow_pair=12.5 + 2 * MISS, wide_pair=13.0 + 2 * MISS)
CHANNEL, EXPANDED_ROW, MONO_OUTPUT, ADAPTED = 55.0, 19.0, 10.9, 6.0
"""Per output channel and tile; per row and input channel of a tile; per output of mono_lanes; per value that
is laid out in lanes or back."""


def sparse_cost(step: Step, tiles: int, rates: Rates, split: ListSplit | None = None) -> float:
    """The cost of a whole sparse step that needs `tiles` tiles a row."""
    sizes = step.lists
    assert sizes is not None
    split = step.kernel.lists if split is None else split
    inputs, outputs = step.input_shape[2], sizes.channels
    resident = sizes.taps[split.resident]
    per_tile = (
        resident * rates.resident_tap
        + (sizes.tap_entries(split) - resident) * rates.tap
        + sizes.byte_entries(split) * rates.pair(sizes.wide)
        + outputs * CHANNEL
        + 3 * inputs * EXPANDED_ROW
    )
    return step.rows * tiles * per_tile


def mono_cost(step: Step, tiles: int) -> float:
    """The cost of the one-channel convolution into lanes, 8 outputs a tile and channel."""
    return step.rows * tiles * 8 * step.output_shape[2] * MONO_OUTPUT
