"""Transformed Winograd weights in RAM that a board leaves idle: made once at start, read by every inference.

Mirrors edgel3_conv_f44_resident and edgel3_conv_f22_resident; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.plan.cost import cost
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.loop_rates import Rate
from edgel3_deploy.plan.measure import Measure
from edgel3_deploy.plan.packed import pairs
from edgel3_deploy.plan.resident import Resident, ResidentCandidate

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


def weight_candidates(groups: Sequence[Group], by: Measure) -> tuple[ResidentCandidate, ...]:
    """The weights in flight of all Winograd steps, by pairs of output channels."""
    found = []
    for step, layer, units_per_call in _winograd(groups):
        flying = len(layer.weights) - step.kernel.stored_channels - step.kernel.resident_channels
        saves = _pair_saves(step, units_per_call)
        saved = saves.cycles if by == "cycles" else saves.instructions
        counts = range(-(-flying // 2) + 1)
        candidate = ResidentCandidate(
            step.index,
            "weights",
            tuple(resident_bytes(step.kernel.name, layer, 2 * count) for count in counts),
            tuple(count * saved for count in counts),
            tuple(count * saves.instructions for count in counts),
            grain=2,
        )
        if flying > 0:
            found.append(candidate)
    return tuple(found)


def with_weights(members: Group, residents: Sequence[Resident]) -> Group:
    """The group with the kernels that read these residents."""
    held = {found.step: found.channels for found in residents if found.what == "weights"}
    steps = tuple(
        replace(step, kernel=replace(step.kernel, resident_channels=held.get(step.index, 0)))
        for step in members.steps
    )
    return replace(members, steps=steps)


def _winograd(groups: Sequence[Group]) -> Iterator[tuple[Step, Conv2D, int]]:
    """Winograd steps with their layers and the units of a call."""
    for members in groups:
        for step in members.steps:
            if step.kernel.name in WEIGHT_POSITIONS and isinstance(step.layer, Conv2D):
                yield step, step.layer, step.units if len(members.steps) == 1 else 1


def _pair_saves(step: Step, units_per_call: int) -> Rate:
    kernel = replace(step.kernel, resident_channels=step.kernel.resident_channels + 2)
    before, after = cost(step, units_per_call), cost(replace(step, kernel=kernel), units_per_call)
    return Rate(before.instructions - after.instructions, before.cycles - after.cycles)
