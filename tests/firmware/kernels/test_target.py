"""The kernels compiled for Cortex-M7, run by QEMU: the same outputs, in as few instructions as documented."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgel3_deploy.graph.ir import Conv2D, Layer, Reshape
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run_layer
from tests.firmware.kernels.binding import Int8Array
from tests.firmware.kernels.target import run_on_target
from tests.graph.models import ModelBuilder, random_input, small_model

MAX_INSTRUCTIONS_PER_MAC = 2.5


def layer_cases(model: bytes) -> list[tuple[Layer, Int8Array]]:
    """Every layer that is a kernel, with the input it has when the model runs on random values."""
    network = read_network(model)
    values = random_input(network.input.shape)
    cases = []
    for layer in network.layers:
        if not isinstance(layer, Reshape):
            cases.append((layer, values.reshape(layer.input.shape)))
        values = run_layer(layer, values)
    return cases


def test_outputs_equal_the_reference(arm_gcc: Path, qemu: Path, tmp_path: Path) -> None:
    """Odd shapes and strides, every operator, one input channel, large zero points, shifts to the left."""
    models = [
        small_model(),
        ModelBuilder((10, 7, 1), zero_point=-128).conv2d(6, output=(0.004, 127)).max_pool2d().build(),
        ModelBuilder((5, 5, 4), zero_point=127).conv2d(3, (5, 4), stride=(3, 2), output=(3.0, -128)).build(),
        ModelBuilder((9,), 0.9, -100).fully_connected(7, output=(0.001, 0)).build(),
    ]
    cases = [case for model in models for case in layer_cases(model)]
    for (layer, values), result in zip(cases, run_on_target(arm_gcc, qemu, tmp_path, cases), strict=True):
        np.testing.assert_array_equal(result.output, run_layer(layer, values), err_msg=layer.name)


def test_convolutions_keep_their_speed(arm_gcc: Path, qemu: Path, tmp_path: Path) -> None:
    """Instructions per multiply-accumulate of a layer shaped like EdgeL3's, counted exactly by QEMU."""
    cases = layer_cases(ModelBuilder((16, 12, 32), zero_point=-128).conv2d(32, activation="RELU").build())
    (result,) = run_on_target(arm_gcc, qemu, tmp_path, cases)
    layer = cases[0][0]
    assert isinstance(layer, Conv2D)
    assert result.instructions / layer.macs < MAX_INSTRUCTIONS_PER_MAC
