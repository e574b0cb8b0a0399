"""Residents: the bytes that the C code fills, and the steps that save most by them first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgel3_deploy.models.family import member
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.cost import instructions
from edgel3_deploy.plan.group import group
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.resident import fill, resident_bytes, weight_candidates
from edgel3_deploy.plan.skeleton import skeleton
from tests.firmware.kernels.calls import random_layer
from tests.firmware.kernels.conftest import host_kernels
from tests.firmware.kernels.host import HostKernels

__all__ = ["host_kernels"]


@pytest.mark.parametrize("name", ["f44", "f22"])
@pytest.mark.parametrize("depth", [1, 16, 17, 64])
def test_bytes_are_the_kernels_own_figure(host_kernels: HostKernels, name: str, depth: int) -> None:
    layer = random_layer(np.random.default_rng(0), (4, 4, depth), 6)
    own = getattr(host_kernels.library, f"edgel3_conv_{name}_resident")
    for channels in (2, 3, 6):
        assert resident_bytes(name, layer, channels) == own(depth, channels)
    assert resident_bytes(name, layer, 0) == 0


PARTS = operations(skeleton(member("sea-64")))


def step(name: str, kernel: Kernel) -> Step:
    """A layer of sea-64 by a kernel."""
    position = next(index for index, part in enumerate(PARTS) if part[0].name == name)
    return Step(position, name, PARTS[position], kernel)


STEPS = (
    step("conv3", Kernel("f44", 32, 3)),
    step("conv4", Kernel("f44", 0, 2)),
    step("conv5", Kernel("f44", 0, 3)),
    step("conv8", Kernel("direct")),
)
GROUPS = tuple(group((found,)) for found in STEPS)


def test_candidates_stand_in_the_order_of_what_a_byte_saves() -> None:
    found = weight_candidates(GROUPS)
    assert {item.step for item in found} == {0, 1, 2}
    assert [item.channels for item in sorted(found, key=lambda item: item.step)] == [32, 64, 128]
    gains = [item.pair_saves.instructions / item.pair_bytes for item in found]
    assert gains == sorted(gains, reverse=True)


def test_what_a_pair_saves_is_what_the_step_then_costs_less() -> None:
    for item in weight_candidates(GROUPS):
        before = STEPS[item.step]
        after = replace(before, kernel=replace(before.kernel, resident_channels=8))
        assert instructions(before, before.units) - instructions(after, after.units) == pytest.approx(
            4 * item.pair_saves.instructions, abs=2
        )


@pytest.mark.parametrize("free", [{}, {"a": 100}, {"a": 70_000}, {"a": 70_000, "b": 200_000}, {"a": 1 << 20}])
def test_regions_are_filled_and_never_over(free: dict[str, int]) -> None:
    kept = fill(weight_candidates(GROUPS), free)
    for region, size in free.items():
        assert sum(item.size for item in kept if item.region == region) <= size
    for item in kept:
        layer = STEPS[item.step].layer
        assert item.size >= resident_bytes("f44", layer, item.channels)  # type: ignore[arg-type]
        assert item.size % 16 == 0
    if free.get("a") == 1 << 20:
        assert [item.channels for item in sorted(kept, key=lambda item: item.step)] == [32, 64, 128]
    assert bool(kept) is (max(free.values(), default=0) >= 70_000)
