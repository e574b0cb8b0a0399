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
from edgel3_deploy.plan.resident import choose_residents
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


def test_candidates_are_the_weights_in_flight() -> None:
    found = weight_candidates(GROUPS, "instructions")
    assert {item.step for item in found} == {STEPS[index].index for index in (0, 1, 2)}
    assert [(len(item.bytes) - 1) * item.grain for item in found] == [32, 64, 128]
    assert all(item.bytes[0] == item.gains[0] == 0 for item in found)


def test_what_is_saved_is_what_the_step_then_costs_less() -> None:
    for step, item in zip(STEPS, weight_candidates(GROUPS, "instructions"), strict=False):
        after = replace(step, kernel=replace(step.kernel, resident_channels=8))
        saved = instructions(step, step.units) - instructions(after, after.units)
        assert saved == pytest.approx(item.gains[4], abs=2)
        assert item.gains == item.saves


@pytest.mark.parametrize("free", [{"a": 100}, {"a": 70_000}, {"a": 70_000, "b": 200_000}, {"a": 1 << 20}])
@pytest.mark.parametrize("used", [0, 40, 30_000])
def test_regions_are_filled_behind_the_arenas_and_never_over(free: dict[str, int], used: int) -> None:
    arenas = {"a": min(used, free["a"])}
    found = weight_candidates(GROUPS, "instructions")
    kept, grown = choose_residents(found, arenas, free, 1 << 30, "instructions", GROUPS)
    assert all(grown[region] <= free[region] for region in grown)
    end = dict(arenas)
    for item in kept:
        assert item.place.offset >= end.get(item.place.region, 0)
        assert item.place.offset % 16 == 0
        end[item.place.region] = item.place.offset + item.place.size
    assert kept or max(free.values()) <= 70_000


def test_all_arenas_together_keep_to_a_limit() -> None:
    found = weight_candidates(GROUPS, "instructions")
    kept, grown = choose_residents(found, {"a": 5_000}, {"a": 1 << 20}, 200_000, "instructions", GROUPS)
    assert kept
    assert sum(grown.values()) <= 200_000


def test_what_saves_most_per_byte_comes_first() -> None:
    found = weight_candidates(GROUPS, "instructions")
    best = max(found, key=lambda item: item.worth)
    limit = best.bytes[-1] + 16
    kept, _ = choose_residents(found, {}, {"a": limit}, limit, "instructions", GROUPS)
    assert [item.step for item in kept] == [best.step]
    assert kept[0].saves == int(best.saves[-1])
