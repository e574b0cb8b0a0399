"""Transformed Winograd weights in RAM that a board leaves idle: made once at start, read by every inference.

Mirrors edgel3_conv_f44_resident and edgel3_conv_f22_resident; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.plan.arena import ALIGNMENT
from edgel3_deploy.plan.cost import cost
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.loop_rates import Rate
from edgel3_deploy.plan.packed import pairs

WEIGHT_POSITIONS = {"f44": 36, "f22": 16}
"""Matrix products of a tile, each with weights of its own."""
READ_AHEAD = 8
"""Bytes behind the weights that the products load and do not use."""


def resident_bytes(kernel: str, layer: Conv2D, channels: int) -> int:
    """Bytes of RAM, a multiple of 8, for the transformed weights of `channels` output channels."""
    if channels == 0:
        return 0
    words = -(-channels // 2) * WEIGHT_POSITIONS[kernel] * pairs(layer.weights.shape[3]) * 2
    return words * 4 + READ_AHEAD


@dataclass(frozen=True)
class ResidentCandidate:
    """Weights in flight of step number `step` that could be resident instead, by pairs of output channels.

    A pair takes `pair_bytes` of RAM and saves `pair_saves`, modelled, in every inference.
    """

    step: int
    channels: int
    pair_bytes: int
    pair_saves: Rate


@dataclass(frozen=True)
class ResidentWeights:
    """`channels` output channels of step number `step` in `size` bytes of a region; `saves` an inference."""

    step: int
    channels: int
    region: str
    size: int
    saves: Rate


def weight_candidates(groups: Iterable[Group]) -> tuple[ResidentCandidate, ...]:
    """Of all Winograd steps with weights in flight, those first that save the most instructions a byte."""
    found = []
    number = 0
    for members in groups:
        alone = len(members.steps) == 1
        for step in members.steps:
            kernel, layer = step.kernel, step.layer
            if kernel.name in WEIGHT_POSITIONS and isinstance(layer, Conv2D):
                flying = len(layer.weights) - kernel.stored_channels - kernel.resident_channels
                if flying > 0:
                    found.append(_candidate(number, step, step.units if alone else 1, flying))
            number += 1
    return tuple(sorted(found, key=lambda item: (-item.pair_saves.instructions / item.pair_bytes, item.step)))


def _candidate(number: int, step: Step, units_per_call: int, flying: int) -> ResidentCandidate:
    layer, kernel = step.layer, step.kernel
    assert isinstance(layer, Conv2D)
    one = replace(step, kernel=replace(kernel, resident_channels=kernel.resident_channels + 2))
    before, after = cost(step, units_per_call), cost(one, units_per_call)
    saves = Rate(before.instructions - after.instructions, before.cycles - after.cycles)
    size = resident_bytes(kernel.name, layer, 2) - READ_AHEAD
    return ResidentCandidate(number, flying, size, saves)


def fill(candidates: Iterable[ResidentCandidate], free: Mapping[str, int]) -> tuple[ResidentWeights, ...]:
    """As many channels as the regions have bytes free for, in the order given; a step's lie in one piece."""
    room = dict(free)
    kept = []
    for candidate in candidates:
        region = max(room, key=lambda name: room[name], default=None)
        if region is None:
            break
        pairs_kept = min(-(-candidate.channels // 2), (room[region] - READ_AHEAD) // candidate.pair_bytes)
        if pairs_kept > 0:
            size = -(-(pairs_kept * candidate.pair_bytes + READ_AHEAD) // ALIGNMENT) * ALIGNMENT
            if size > room[region]:
                pairs_kept, size = pairs_kept - 1, size - candidate.pair_bytes
            saves = Rate(*(pairs_kept * part for part in candidate.pair_saves))
            channels = min(2 * pairs_kept, candidate.channels)
            kept.append(ResidentWeights(candidate.step, channels, region, size, saves))
            room[region] -= size
    return tuple(item for item in kept if item.channels)
