"""Unusual constants compute what TFLite Micro computes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph import reference
from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.reference import tflm
from tests.graph.models import Constants, ModelBuilder, random_input
from tests.reference import litert

SMALLEST, LARGEST = -(1 << 31), (1 << 31) - 1


def check(model: bytes) -> None:
    """The reference over the network that was read equals both engines over the file."""
    network = read_network(model)
    for seed in range(3):
        values = random_input(network.input.shape, seed)
        computed = reference.run(network, values).reshape(1, -1)
        np.testing.assert_array_equal(computed, litert.run_all(model, values[np.newaxis]))
        np.testing.assert_array_equal(computed, tflm.run_all(model, values[np.newaxis]))


def constants(**change: Any) -> Constants:
    random = np.random.default_rng(1)
    weights = random.integers(-127, 128, (4, 3, 3, 3), dtype=np.int8)
    scales = np.array([0.003, 0.002, 0.004, 0.001], np.float32)
    bias = random.integers(-3000, 3000, 4, dtype=np.int32)
    return replace(Constants(weights, scales, bias), **change)


def with_dead_channel(bias: int, scale: float = 0.002) -> Constants:
    usual = constants()
    usual.weights[1], usual.bias[1], usual.scales[1] = 0, bias, scale
    return usual


class TestDeadChannels:
    @pytest.mark.parametrize("bias", [SMALLEST, LARGEST, SMALLEST + 1, 1 << 30, 12_345])
    @pytest.mark.parametrize("activation", ["NONE", "RELU", "RELU6"])
    def test_their_output_is_constant_whatever_the_bias(self, bias: int, activation: str) -> None:
        builder = ModelBuilder((6, 5, 3)).conv2d(4, activation=activation, constants=with_dead_channel(bias))
        check(builder.build())

    @pytest.mark.parametrize(("bias", "scale"), [(1 << 20, 40.0), (-(1 << 20), 40.0), (1 << 29, 1.5)])
    def test_with_scales_above_one(self, bias: int, scale: float) -> None:
        check(ModelBuilder((6, 5, 3)).conv2d(4, constants=with_dead_channel(bias, scale)).build())

    def test_other_channels_may_still_not_overflow(self) -> None:
        usual = constants()
        usual.bias[2] = SMALLEST
        with pytest.raises(BadInputError, match="overflow"):
            read_network(ModelBuilder((6, 5, 3)).conv2d(4, constants=usual).build())


class TestNegativeScales:
    @pytest.mark.parametrize("channels", [[0], [1, 3], [0, 1, 2, 3]])
    def test_a_convolution(self, channels: list[int]) -> None:
        usual = constants()
        usual.scales[channels] *= -1
        check(ModelBuilder((6, 5, 3)).conv2d(4, activation="RELU", constants=usual).build())

    def test_weights_that_cannot_change_their_sign_are_not_supported(self) -> None:
        usual = constants()
        usual.scales[0] *= -1
        usual.weights[0, 0, 0, 0] = -128
        with pytest.raises(BadInputError, match="not supported: CONV_2D at layer 0"):
            read_network(ModelBuilder((6, 5, 3)).conv2d(4, constants=usual).build())

    def test_a_dense_layer_of_one_scale_is_not_supported(self) -> None:
        """TFLite Micro refuses it."""
        builder = ModelBuilder((12,)).fully_connected(3)
        builder.tensor(1).quantization.scale = [-0.004]
        with pytest.raises(BadInputError, match="not supported: FULLY_CONNECTED"):
            read_network(builder.build())


class TestDenseAlongTheLastAxis:
    @pytest.mark.parametrize("shape", [(6, 5, 7), (1, 4, 3), (5, 7), (1, 9)])
    @pytest.mark.parametrize("per_channel", [False, True])
    def test_is_a_pointwise_convolution(self, shape: tuple[int, ...], per_channel: bool) -> None:
        builder = ModelBuilder(shape)
        builder.shape = shape[-1:]
        builder.fully_connected(9, activation="RELU", per_channel=per_channel)
        builder.tensor(builder.current).shape = [1, *shape[:-1], 9]
        options = builder.graph.operators[0].builtinOptions
        options.keepNumDims = True
        model = builder.build()
        check(model)
        assert isinstance(read_network(model).layers[0], Conv2D) == (np.prod(shape[:-1]) > 1)

    def test_weights_that_fit_no_axis_are_refused(self) -> None:
        builder = ModelBuilder((6, 5, 7)).fully_connected(9)
        builder.tensor(1).shape = [9 * 14, 15]
        with pytest.raises(BadInputError, match="FULLY_CONNECTED at layer 0"):
            read_network(builder.build())


def test_scales_along_another_axis_are_named() -> None:
    builder = ModelBuilder((4, 4, 3)).conv2d(3)
    builder.tensor(1).quantization.quantizedDimension = 3
    with pytest.raises(BadInputError, match="scales along axis 3, not along 0"):
        read_network(builder.build())
