"""Constants become C arrays element by element, as they are in the model."""

from __future__ import annotations

import re

import numpy as np

from edgel3_deploy.codegen.weights import view_constants
from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.graph.reader import read_network
from tests.graph.models import ModelBuilder


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"-?\d+", text)]


def test_arrays_hold_the_layers_constants() -> None:
    network = read_network(ModelBuilder((6, 6, 2)).conv2d(3).build())
    layer = network.layers[0]
    assert isinstance(layer, Conv2D)
    arrays = {array.name: array for array in view_constants(network)}
    for name, values in (
        ("conv1_weights", layer.weights),
        ("conv1_bias", layer.bias),
        ("conv1_multiplier", layer.requantize.multiplier),
        ("conv1_shift", layer.requantize.shift),
    ):
        assert numbers("".join(arrays[name].rows)) == np.asarray(values).ravel().tolist()
        assert arrays[name].size == values.size


def test_each_output_channel_is_a_row_of_its_own() -> None:
    network = read_network(ModelBuilder((6, 6, 2)).conv2d(3).build())
    weights = view_constants(network)[0]
    assert len(weights.rows) == 3
    assert weights.shape == "3 x 3 x 3 x 2"


def test_layers_without_constants_have_no_arrays() -> None:
    network = read_network(ModelBuilder((6, 6, 2)).max_pool2d().build())
    assert view_constants(network) == ()
