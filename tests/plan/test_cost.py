"""The model agrees with the counts that QEMU measured for sea-64's layers, to a tenth."""

from __future__ import annotations

import pytest

from edgel3_deploy.models.family import member
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.cost import instructions, step_costs
from edgel3_deploy.plan.group import group
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.skeleton import skeleton

PARTS = operations(skeleton(member("sea-64")))
MEASURED = {
    "conv2": (13.47, 11.67, 11.12, 10.77, 9.91),
    "conv3": (7.08, 6.11, 5.84, 5.70, 5.16),
    "conv4": (10.71, 9.06, 8.51, 8.24, 7.43),
    "conv5": (5.28, 4.73, 4.18, 4.18, 3.63),
    "conv6": (9.96, 8.86, 7.76, 7.76, 6.68),
    "conv7": (1.75, 1.75, 1.75, 1.75, 1.20),
    "conv8": (0.93, 0.93, 0.93, 0.93, 0.65),
}
"""Million instructions of F(4x4,3x3) over the whole layer, pooled for conv2, 4 and 6.

With int8 weights and 4, 8, 12 and 16 tiles in flight, then with stored weights and 4.
"""


def step(name: str, kernel: Kernel) -> Step:
    position = next(index for index, part in enumerate(PARTS) if part[0].name == name)
    layers = PARTS[position] + (PARTS[position + 1] if kernel.pooled else ())
    return Step(position, name, layers, kernel)


@pytest.mark.parametrize("name", MEASURED)
def test_the_model_is_within_a_tenth_of_the_measurement(name: str) -> None:
    pooled = name in ("conv2", "conv4", "conv6")
    variants = [Kernel("f44", 0, blocks, pooled) for blocks in (1, 2, 3, 4)]
    whole = step(name, variants[0])
    variants.append(Kernel("f44", len(whole.layer.weights), 1, pooled))  # type: ignore[attr-defined]
    for kernel, measured in zip(variants, MEASURED[name], strict=True):
        found = step(name, kernel)
        assert instructions(found, found.units) == pytest.approx(measured * 1e6, rel=0.1), kernel


def test_strips_cost_more_than_the_whole_map() -> None:
    found = step("conv3", Kernel("f44", 0, 4))
    assert instructions(found, 1) > instructions(found, found.units)


def test_a_group_costs_unit_by_unit_and_a_lone_step_at_once() -> None:
    pair = (step("conv2", Kernel("f44", 0, 1)), step("conv3", Kernel("direct")))
    assert step_costs(group(pair[:1])) == (instructions(pair[0], pair[0].units),)
    assert step_costs(group(pair)) == tuple(instructions(found, 1) for found in pair)
