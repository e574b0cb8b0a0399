"""The model of the sparse kernel meets counts measured on QEMU's mps2-an500 within 2 %."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgel3_deploy.models.family import member
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_chain import lane_steps
from edgel3_deploy.plan.lane_cost import CYCLES, INSTRUCTIONS, mono_cost, sparse_cost
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.skeleton import shaped, skeleton

MEASURED = (
    ("conv2_pool1", 5530, 1241642),
    ("conv3", 11059, 1208315),
    ("conv4_pool2", 22118, 2309347),
    ("conv5", 73728, 3699700),
    ("conv6_pool3", 29491, 1602017),
    ("conv7", 23593, 721528),
    ("conv8_pool4", 47186, 1331598),
)
"""Steps of the 95.45 % network by columns, all lists taps in flash; instructions of a row, the mean."""

STEPS = {
    step.name.removesuffix("_reshape1"): step
    for step in lane_steps(operations(skeleton(member("sparse-ft-95.45"))), columns=True)
    if step is not None
}


def split(step: Step, resident: int, taps: int) -> Step:
    """The step with so many output channels' lists decoded in RAM, and as taps in flash."""
    return replace(step, kernel=replace(step.kernel, lists=ListSplit(resident, taps)))


@pytest.mark.parametrize(("name", "entries", "measured"), MEASURED)
def test_meets_measured_counts(name: str, entries: int, measured: int) -> None:
    step = STEPS[name]
    assert step.lists is not None
    assert step.lists.taps[-1] == entries
    taps = split(step, 0, step.lists.channels)
    modelled = sparse_cost(taps, step.positions // 8, 2, INSTRUCTIONS) / step.rows
    assert modelled == pytest.approx(measured, rel=0.02)


def test_lists_in_flash_take_more_cycles() -> None:
    step = STEPS["conv3"]
    flash, ram = split(step, 0, 16), split(step, 16, 0)
    assert sparse_cost(flash, 4, 2, CYCLES) > sparse_cost(ram, 4, 2, CYCLES)


MONO = (((256, 199), 64, 36_974_160), ((256, 199), 8, 6_971_640), ((64, 50), 16, 814_400))
"""Input, channels and instructions of the first convolution by columns."""


@pytest.mark.parametrize(("size", "channels", "measured"), MONO)
def test_the_first_convolution_meets_measured_counts(
    size: tuple[int, int], channels: int, measured: int
) -> None:
    step = lane_steps(operations(shaped("first", size, (channels,), (0.0,))), columns=True)[0]
    assert step is not None
    assert step.kernel.name == "mono_lanes"
    assert mono_cost(step, size[0] // 8) == pytest.approx(measured, rel=0.02)
