"""What the scheduler believes of the kernels is what the C code and the packers do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.codegen.native_arrays import pack
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan import kernel
from edgel3_deploy.plan.candidates import operations, steps_from
from edgel3_deploy.plan.kernel import Kernel, KernelName, Step, products_bytes, scratch_bytes
from tests.firmware.kernels.calls import random_layer
from tests.firmware.kernels.conftest import host_kernels
from tests.firmware.kernels.host import HostKernels
from tests.graph.models import ModelBuilder

__all__ = ["host_kernels"]

NETWORK = read_network(
    ModelBuilder((19, 10, 1))
    .conv2d(5)
    .conv2d(7)
    .max_pool2d()
    .conv2d(6, (3, 2), stride=(2, 1))
    .reshape((150,))
    .fully_connected(9)
    .build()
)
HOST_TILE_BYTES = 24
"""sizeof(edgel3_tile_t) where pointers have eight bytes."""
PARTS = operations(NETWORK)
STEPS = [step for position in range(len(PARTS)) for step in steps_from(PARTS, position)]


@pytest.mark.parametrize("channels", [1, 3, 4, 16, 17, 32, 37])
@pytest.mark.parametrize("name", ["f44", "f22", "direct", "mono"])
def test_workspaces_are_the_kernels_own_figures(
    host_kernels: HostKernels, monkeypatch: pytest.MonkeyPatch, name: KernelName, channels: int
) -> None:
    monkeypatch.setattr(kernel, "TILE_BYTES", HOST_TILE_BYTES)
    layer = random_layer(np.random.default_rng(0), (6, 9, channels), 4, kernel=(3, 3))
    function = getattr(host_kernels.library, f"edgel3_conv_{name}_scratch")
    for stored in (0, 2, 4):
        for blocks in (1, 3):
            found = scratch_bytes(Kernel(name, stored, blocks), layer)
            if name in ("f44", "f22"):
                assert found == function(channels, blocks, stored == 4)
                products = getattr(host_kernels.library, f"edgel3_conv_{name}_products")
                apart = Kernel(name, stored, blocks, apart=True)
                assert products_bytes(apart, layer) == products(channels, stored == 4)
                assert scratch_bytes(apart, layer) + products_bytes(apart, layer) == found
            else:
                assert found == (function(3, 3, channels) if name == "direct" else function(9))


def test_dense_workspace_is_the_kernels_own_figure(host_kernels: HostKernels) -> None:
    step = STEPS[-1]
    assert step.kernel.name == "fully_connected"
    assert step.scratch == host_kernels.library.edgel3_fully_connected_scratch(step.layer.input.size)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.name}-{step.kernel.text}")
def test_constants_are_what_the_packers_make(step: Step) -> None:
    if step.kernel.name.startswith("max_pool"):
        assert step.constant_bytes == 0
        return
    packed = pack(step)
    corrections = packed.corrections.nbytes if step.kernel.name == "f44" else 0
    assert step.constant_bytes == packed.weights.nbytes + packed.channels.nbytes + corrections


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.name}-{step.kernel.text}")
def test_rows_go_down_the_map_and_stay_inside(step: Step) -> None:
    height = step.input_shape[0]
    assert len(step.reads) == step.units == -(-step.output_shape[0] // step.unit)
    assert step.reads[0][0] == 0
    ends = [end for _, end in step.reads]
    assert ends == sorted(ends)
    assert all(0 <= first < end <= height for first, end in step.reads)


def test_a_target_tile_has_sixteen_bytes(arm_gcc: Path) -> None:
    """winograd.h asserts it for pointers of four bytes; TILE_BYTES has to agree."""
    header = (Path(__file__).parents[2] / "firmware/kernels/winograd.h").read_text()
    assert f"sizeof(edgel3_tile_t) == {kernel.TILE_BYTES}" in header
