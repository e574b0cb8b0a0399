"""Transformed weights in RAM: the bytes that the C code fills, and what they save."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgel3_deploy.models.family import member
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.cost import instructions
from edgel3_deploy.plan.group import group
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.resident_weights import resident_bytes, weight_candidates
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


def test_candidates_count_the_channels_in_flight_by_pairs() -> None:
    found = {item.step: item for item in weight_candidates(GROUPS, "instructions")}
    assert found.keys() == {STEPS[index].index for index in (0, 1, 2)}
    assert [len(item.bytes) - 1 for item in found.values()] == [16, 32, 64]
    assert all(item.grain == 2 and item.bytes[0] == item.gains[0] == 0 for item in found.values())


def test_what_channels_save_is_what_the_step_then_costs_less() -> None:
    found = {item.step: item for item in weight_candidates(GROUPS, "instructions")}
    for before in STEPS[:3]:
        after = replace(before, kernel=replace(before.kernel, resident_channels=8))
        saved = instructions(before, before.units) - instructions(after, after.units)
        assert found[before.index].saves[4] == pytest.approx(saved, abs=2)
        assert found[before.index].gains == found[before.index].saves
