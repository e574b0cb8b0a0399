"""How often the loops of the lane kernels run in one inference, and what their lists cost in cache lines.

A sparse step expands the taps of a tile once, for three rows of each input channel, then runs the list of
every output channel over it: once per tile and row. What becomes of a channel's sums is left out. A list in
flash is longer than the cache, so that a tile finds none of its lines left from the tile before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_groups import tiles
from edgel3_deploy.plan.list_sizes import PAIR_BYTES, TAP_BYTES

POSITIONS = 8
"""In a tile."""
LINE_BYTES = 32
LINE_CYCLES = 12
"""Of a line that the cache has not: seven wait states at the STM32F7's full clock. An assumption."""

Part = Literal["taps", "bytes1", "bytes4", "expand", "mono"]


@dataclass(frozen=True)
class Entries:
    """Entries of a step's lists that a tile meets: by form, and bytes that come from flash."""

    taps: int
    pairs: int
    flash_bytes: int


def entries(step: Step) -> Entries:
    """What a tile of a sparse step meets."""
    sizes, split = step.lists, step.kernel.lists
    assert sizes is not None
    taps, pairs = sizes.tap_entries(split), sizes.byte_entries(split)
    stored = taps - sizes.taps[split.resident]
    return Entries(taps, pairs, stored * TAP_BYTES + pairs * PAIR_BYTES)


def lane_work(members: Group) -> Counter[Part]:
    """Entries by form, expanded rows of channels, outputs of the one-channel kernel."""
    work: Counter[Part] = Counter()
    for step, count in zip(members.steps, tiles(members), strict=True):
        met = step.rows * count
        if step.lists is None:
            work["mono"] += met * POSITIONS * step.output_shape[2]
            continue
        found = entries(step)
        work["taps"] += met * found.taps
        work["bytes4" if step.lists.wide else "bytes1"] += met * found.pairs
        work["expand"] += met * 3 * step.input_shape[2]
    return +work


def flash_lines(members: Group) -> int:
    """Cache lines of lists that an inference reads from flash."""
    found = 0
    for step, count in zip(members.steps, tiles(members), strict=True):
        if step.lists is not None:
            found += step.rows * count * -(-entries(step).flash_bytes // LINE_BYTES)
    return found
