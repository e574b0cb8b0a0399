"""The C kernels on this machine equal the numpy reference and TFLite Micro, element by element."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.graph.ir import Conv2D, FullyConnected, MaxPool2D, Requantize, Reshape
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run_layer
from tests.firmware.kernels.binding import INCLUDE, HostKernels, Int8Array, parameters
from tests.firmware.kernels.layers import convolutions, fully_connecteds, poolings, tensor
from tests.graph.engines import tflite_micro
from tests.graph.models import random_input, small_model

SEEDS = st.integers(0, 1 << 20)
EXTREMES = st.sampled_from([None, -128, 127])


def values_for(layer: Conv2D | MaxPool2D | FullyConnected, seed: int, constant: int | None) -> Int8Array:
    """Random int8 values, or the same extreme everywhere."""
    if constant is not None:
        return np.full(layer.input.shape, constant, np.int8)
    return random_input(layer.input.shape, seed)


@settings(max_examples=300, deadline=None)
@given(layer=convolutions(), seed=SEEDS, constant=EXTREMES)
def test_convolution(kernels: HostKernels, layer: Conv2D, seed: int, constant: int | None) -> None:
    values = values_for(layer, seed, constant)
    np.testing.assert_array_equal(kernels.run(layer, values), run_layer(layer, values))


@settings(max_examples=300, deadline=None)
@given(layer=poolings(), seed=SEEDS, constant=EXTREMES)
def test_max_pooling(kernels: HostKernels, layer: MaxPool2D, seed: int, constant: int | None) -> None:
    values = values_for(layer, seed, constant)
    np.testing.assert_array_equal(kernels.run(layer, values), run_layer(layer, values))


@settings(max_examples=300, deadline=None)
@given(layer=poolings(padded=False), seed=SEEDS)
def test_max_pooling_in_place(kernels: HostKernels, layer: MaxPool2D, seed: int) -> None:
    """Windows that overlap, touch or leave gaps: the output may overwrite the input it comes from."""
    values = random_input(layer.input.shape, seed)
    expected = run_layer(layer, values)
    memory = values.copy()
    kernels.call(layer, memory.ctypes.data, memory.ctypes.data, 0)
    np.testing.assert_array_equal(memory.ravel()[: expected.size], expected.ravel())


@settings(max_examples=200, deadline=None)
@given(layer=fully_connecteds(), seed=SEEDS, constant=EXTREMES)
def test_fully_connected(
    kernels: HostKernels, layer: FullyConnected, seed: int, constant: int | None
) -> None:
    values = values_for(layer, seed, constant)
    np.testing.assert_array_equal(kernels.run(layer, values), run_layer(layer, values))


def test_a_whole_network_equals_tflite_micro(kernels: HostKernels) -> None:
    model = small_model()
    network = read_network(model)
    for seed in range(10):
        source = values = random_input(network.input.shape, seed)
        for layer in network.layers:
            values = (
                values.reshape(layer.output.shape)
                if isinstance(layer, Reshape)
                else kernels.run(layer, values)
            )
        np.testing.assert_array_equal(values, tflite_micro(model, source))


@settings(max_examples=300, deadline=None)
@given(shift=st.integers(-31, 30), multiplier=st.integers(1 << 30, (1 << 31) - 1), data=st.data())
def test_every_accumulator_is_requantized_alike(
    kernels: HostKernels, shift: int, multiplier: int, data: st.DataObject
) -> None:
    """A bias without weights isolates the requantization, over the range that the reader admits."""
    largest = (1 << 30) >> max(shift, 0)
    bias = data.draw(st.integers(-largest, largest))
    layer = FullyConnected(
        0,
        "fc1",
        "",
        tensor(0, (1,), 0),
        tensor(1, (1,), -5),
        weights=np.zeros((1, 1), np.int8),
        bias=np.array([bias], np.int32),
        requantize=Requantize(np.array([multiplier], np.int32), np.array([shift], np.int32)),
        activation_min=-128,
        activation_max=127,
    )
    values = np.zeros(1, np.int8)
    np.testing.assert_array_equal(kernels.run(layer, values), run_layer(layer, values))


def test_the_binding_has_the_headers_members() -> None:
    """ctypes relies on the order of the parameter structs' members."""
    header = (INCLUDE / "edgel3_kernels.h").read_text()
    for layer in read_network(small_model()).layers:
        if not isinstance(layer, Reshape):
            name, members = parameters(layer)
            body = re.search(r"typedef struct \{([^}]*)\} edgel3_" + name + "_params_t;", header)
            assert body is not None
            assert re.findall(r"^ +(?:const )?int\w+ \*?(\w+);", body[1], re.MULTILINE) == list(members)
