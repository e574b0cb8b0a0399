"""The numpy reference is TFLite Micro's arithmetic, bit for bit, and LiteRT's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.graph.ir import FullyConnected, Layer
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run, run_layer
from tests.graph.engines import litert, tflite_micro
from tests.graph.models import ModelBuilder, random_input, small_model

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
SCALES = st.floats(0.0005, 3.0)
ZERO_POINTS = st.integers(-128, 127)


def assert_equal_to_engines(model: bytes, seed: int = 0) -> None:
    network = read_network(model)
    values = random_input(network.input.shape, seed)
    output = run(network, values)
    np.testing.assert_array_equal(output, litert(model, values))
    np.testing.assert_array_equal(output, tflite_micro(model, values))


def test_chain_of_every_operator() -> None:
    for seed in range(5):
        assert_equal_to_engines(small_model(), seed)


@settings(max_examples=100)
@given(
    channels=st.integers(1, 9),
    filters=st.integers(1, 9),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    same=st.booleans(),
    activation=st.sampled_from(ACTIVATIONS),
    scale=SCALES,
    zero_point=ZERO_POINTS,
    output=st.tuples(st.floats(0.0005, 30.0), ZERO_POINTS),
    per_channel=st.booleans(),
)
def test_convolution(
    *,
    channels: int,
    filters: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    same: bool,
    activation: str,
    scale: float,
    zero_point: int,
    output: tuple[float, int],
    per_channel: bool,
) -> None:
    builder = ModelBuilder((7, 6, channels), scale, zero_point, seed=channels)
    builder.conv2d(
        filters,
        kernel,
        stride=stride,
        same=same,
        activation=activation,
        output=output,
        per_channel=per_channel,
    )
    assert_equal_to_engines(builder.build())


@settings(max_examples=60)
@given(
    size=st.tuples(st.integers(4, 9), st.integers(4, 9), st.integers(1, 5)),
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    same=st.booleans(),
    activation=st.sampled_from(ACTIVATIONS),
    zero_point=ZERO_POINTS,
)
def test_max_pooling(
    *,
    size: tuple[int, int, int],
    window: tuple[int, int],
    stride: tuple[int, int],
    same: bool,
    activation: str,
    zero_point: int,
) -> None:
    builder = ModelBuilder(size, 0.04, zero_point).max_pool2d(
        window, stride=stride, same=same, activation=activation
    )
    assert_equal_to_engines(builder.build())


@settings(max_examples=100)
@given(
    inputs=st.integers(1, 40),
    outputs=st.integers(1, 9),
    scale=SCALES,
    zero_point=ZERO_POINTS,
    output=st.tuples(st.floats(0.0005, 30.0), ZERO_POINTS),
    activation=st.sampled_from(ACTIVATIONS),
    per_channel=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_fully_connected(
    *,
    inputs: int,
    outputs: int,
    scale: float,
    zero_point: int,
    output: tuple[float, int],
    activation: str,
    per_channel: bool,
    seed: int,
) -> None:
    builder = ModelBuilder((inputs,), scale, zero_point, seed)
    builder.fully_connected(outputs, activation=activation, output=output, per_channel=per_channel)
    model, values = builder.build(), random_input((inputs,), seed)
    # Not LiteRT: it may round the tie of a fully connected layer the other way.
    np.testing.assert_array_equal(run(read_network(model), values), tflite_micro(model, values))


def test_a_left_shift_is_exact() -> None:
    """Effective scales above 1 shift left before the multiplication."""
    builder = ModelBuilder((8,), 0.9, -100).fully_connected(6, output=(0.001, 0))
    network = read_network(builder.build())
    layer = network.layers[0]
    assert isinstance(layer, FullyConnected)
    assert layer.requantize.shift.max() > 0
    assert_equal_to_engines(builder.build())


def test_an_unknown_kind_of_layer_is_refused() -> None:
    network = read_network(small_model())
    layer = Layer(0, "mystery", "mystery", network.input, network.output)
    with pytest.raises(TypeError, match="Layer"):
        run_layer(layer, random_input(network.input.shape))
