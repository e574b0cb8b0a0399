"""Constants become C arrays element by element, packed for the portable kernels or as in the model."""

from __future__ import annotations

import re

import numpy as np
import pytest

from edgel3_deploy.codegen.weights import view_constants
from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.pack import pack_bias, pack_weights
from tests.graph.models import ModelBuilder


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"-?\d+", text)]


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_hold_the_layers_constants(packed: bool) -> None:
    network = read_network(ModelBuilder((6, 6, 2)).conv2d(3).build())
    layer = network.layers[0]
    assert isinstance(layer, Conv2D)
    arrays = {array.name: array for array in view_constants(network, packed=packed)}
    weights = pack_weights(layer) if packed else layer.weights
    bias = pack_bias(layer) if packed else layer.bias
    for name, values in (
        ("conv1_weights", weights),
        ("conv1_bias", bias),
        ("conv1_multiplier", layer.requantize.multiplier),
        ("conv1_shift", layer.requantize.shift),
    ):
        assert numbers("".join(arrays[name].rows)) == np.asarray(values).ravel().tolist()
        assert arrays[name].size == values.size


def test_each_output_channel_is_a_row_of_its_own() -> None:
    network = read_network(ModelBuilder((6, 6, 2)).conv2d(3).build())
    weights = view_constants(network, packed=False)[0]
    assert len(weights.rows) == 3
    assert weights.shape == "3 x 3 x 3 x 2"


def test_layers_without_constants_have_no_arrays() -> None:
    network = read_network(ModelBuilder((6, 6, 2)).max_pool2d().build())
    assert view_constants(network, packed=True) == ()
