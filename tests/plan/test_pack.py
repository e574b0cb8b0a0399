"""Constants as the portable kernels read them."""

from __future__ import annotations

import numpy as np

from edgel3_deploy.graph.ir import Conv2D, FullyConnected
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.pack import native_scratch, pack_bias, pack_weights, scratch_bytes
from tests.graph.models import small_model

NETWORK = read_network(small_model())


def test_weights_are_rows_of_contiguous_patches() -> None:
    layer = NETWORK.layers[0]
    assert isinstance(layer, Conv2D)
    packed = pack_weights(layer)
    assert packed.shape == (5, 3 * 5 * 3)
    assert packed.flags.c_contiguous
    assert packed[2, 5 * 3 + 3 + 1] == layer.weights[2, 1, 1, 1]


def test_the_bias_carries_the_inputs_zero_point() -> None:
    for layer in NETWORK.layers:
        if isinstance(layer, Conv2D | FullyConnected):
            ones = np.full(layer.weights[0].size, layer.input.zero_point, np.int64)
            at_zero = pack_weights(layer).astype(np.int64) @ ones + pack_bias(layer)
            np.testing.assert_array_equal(at_zero, layer.bias)


def test_only_convolutions_need_scratch() -> None:
    assert native_scratch(NETWORK) == {0: 2 * 3 * 5 * 3, 2: 2 * 2 * 2 * 5}
    assert scratch_bytes(NETWORK.layers[1]) == 0
