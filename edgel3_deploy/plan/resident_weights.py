"""Transformed Winograd weights in RAM that a board leaves idle: made once at start, read by every inference.

Mirrors edgel3_conv_f44_resident and edgel3_conv_f22_resident; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.plan.cost import cost
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.loop_rates import Rate
from edgel3_deploy.plan.measure import Measure
from edgel3_deploy.plan.packed import pairs
from edgel3_deploy.plan.resident import ResidentCandidate

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


def weight_candidates(groups: Iterable[Group], by: Measure) -> tuple[ResidentCandidate, ...]:
    """What could be resident of all Winograd steps with weights in flight, by pairs of output channels."""
    return tuple(
        _candidate(step, step.units if len(members.steps) == 1 else 1, by)
        for members in groups
        for step in members.steps
        if step.kernel.name in WEIGHT_POSITIONS and _flying(step) > 1
    )


def with_weights(members: Group, resident: dict[int, int]) -> Group:
    """The group with so many resident channels of the steps that have any, by step index."""
    steps = (
        replace(step, kernel=replace(step.kernel, resident_channels=resident.get(step.index, 0)))
        for step in members.steps
    )
    return replace(members, steps=tuple(steps))


def _flying(step: Step) -> int:
    """Output channels whose weights are transformed in flight."""
    assert isinstance(step.layer, Conv2D)
    return len(step.layer.weights) - step.kernel.stored_channels


def _candidate(step: Step, units_per_call: int, by: Measure) -> ResidentCandidate:
    layer, kernel = step.layer, step.kernel
    assert isinstance(layer, Conv2D)
    one = replace(step, kernel=replace(kernel, resident_channels=2))
    before, after = cost(step, units_per_call), cost(one, units_per_call)
    saves = Rate(before.instructions - after.instructions, before.cycles - after.cycles)
    gain = saves.instructions if by == "instructions" else saves.cycles
    counts = range(_flying(step) // 2 + 1)
    return ResidentCandidate(
        step.index,
        "weights",
        tuple(resident_bytes(kernel.name, layer, 2 * count) for count in counts),
        tuple(count * gain for count in counts),
        tuple(count * saves.instructions for count in counts),
        grain=2,
    )
