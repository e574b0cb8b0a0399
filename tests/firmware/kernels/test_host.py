"""The portable twins give TFLite's output for every shape, storage, strip height and extreme."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgel3_deploy.graph.ir import Conv2D, FullyConnected, MaxPool2D, Requantize, Tensor
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.plan.bounds import exact, poolable, requantize_form
from edgel3_deploy.plan.packed import RequantizeForm
from tests.firmware.kernels.calls import Call, Int8Array, random_input, random_layer
from tests.firmware.kernels.host import HostKernels

INT8 = st.integers(-128, 127)
EXTREMES = ("random", "all 127", "all -127", "alternating", "one channel")


@st.composite
def layers(draw: st.DrawFn, kernel: str) -> Conv2D:
    """Layers the kernel supports, of odd sizes and channel counts, with any quantization."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    shape = (
        draw(st.integers(1, 13)),
        draw(st.integers(1, 13)),
        1 if kernel == "mono" else draw(st.integers(1, 37)),
    )
    options: dict[str, Any] = {}
    if kernel == "direct":
        options["kernel"] = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
        options["stride"] = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    low = draw(st.sampled_from([-128, -100, 0]))
    layer = random_layer(
        rng,
        shape,
        draw(st.integers(1, 9)),
        input_zero_point=draw(INT8),
        output_zero_point=draw(st.one_of(st.just(-128), INT8)),
        clamp=(low, draw(st.sampled_from([127, max(low, 20)]))),
        **options,
    )
    weights = _extreme_weights(layer, draw(st.sampled_from(EXTREMES)))
    return replace(layer, weights=weights, requantize=draw(requantizations(layer.requantize, len(weights))))


def _extreme_weights(layer: Conv2D, kind: str) -> Int8Array:
    if kind == "random":
        return layer.weights
    if kind == "alternating":
        return np.where(np.indices(layer.weights.shape).sum(axis=0) % 2, 127, -127).astype(np.int8)
    if kind == "one channel":
        return np.where(np.arange(layer.weights.shape[3]) == 0, layer.weights, 0).astype(np.int8)
    return np.full_like(layer.weights, int(kind.split()[1]))


@st.composite
def requantizations(draw: st.DrawFn, usual: Requantize, channels: int) -> Requantize:
    """The usual constants, or extreme ones that only the general form covers."""
    if draw(st.booleans()):
        return usual
    multiplier = draw(
        st.lists(st.sampled_from([0, 1 << 30, (1 << 31) - 1]), min_size=channels, max_size=channels)
    )
    shift = draw(st.lists(st.sampled_from([-31, -22, -8, -1, 0, 3]), min_size=channels, max_size=channels))
    return Requantize(np.array(multiplier, np.int32), np.array(shift, np.int32))


@st.composite
def inputs(draw: st.DrawFn, layer: Conv2D) -> Int8Array:
    """Activations: anything, or the extremes that follow the signs of the first channel's weights."""
    kind = draw(st.sampled_from(["random", "lowest", "highest", "matched"]))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    if kind == "matched":
        return rng.choice(np.array([-128, 127], np.int8), layer.input.shape)
    if kind == "random":
        return random_input(rng, layer)
    return np.full(layer.input.shape, -128 if kind == "lowest" else 127, np.int8)


@pytest.mark.parametrize("kernel", ["f44", "f22", "direct", "mono"])
@settings(max_examples=150)
@given(data=st.data())
def test_equals_tflite(host_kernels: HostKernels, kernel: Any, data: st.DataObject) -> None:
    layer = data.draw(layers(kernel))
    assume(exact(kernel, layer))
    may_pool = kernel in ("f44", "f22") and min(layer.output.shape[:2]) >= 2 and poolable(layer).all()
    pooled = bool(may_pool) and data.draw(st.booleans())
    stored = data.draw(st.sampled_from([0, 2, len(layer.bias)]))
    rest = max(len(layer.bias) - stored, 0) if kernel in ("f44", "f22") else 0
    call = Call(
        layer,
        kernel,
        requantize_form(layer),
        stored=stored,
        resident=data.draw(st.sampled_from([0, min(2, rest), rest])),
        blocks=data.draw(st.integers(1, 3)),
        strip=data.draw(st.integers(0, 3)),
        pooled=pooled,
        apart=kernel in ("f44", "f22") and data.draw(st.booleans()),
    )
    values = data.draw(inputs(layer))
    np.testing.assert_array_equal(host_kernels.run(call, values), call.expected(values))


@pytest.mark.parametrize("kernel", ["f44", "f22", "direct"])
@pytest.mark.parametrize("form", list(RequantizeForm))
def test_forms_agree(host_kernels: HostKernels, kernel: Any, form: RequantizeForm) -> None:
    """A layer that allows all three forms gives the same output by each."""
    rng = np.random.default_rng(5)
    layer = random_layer(rng, (9, 10, 20), 6)
    values = random_input(rng, layer)
    call = Call(layer, kernel, form)
    np.testing.assert_array_equal(host_kernels.run(call, values), call.expected(values))


@st.composite
def fully_connected_layers(draw: st.DrawFn) -> FullyConnected:
    """Any number of features and outputs, any zero points, usual or extreme requantization."""
    features, outputs = draw(st.integers(1, 70)), draw(st.integers(1, 11))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    usual = Requantize(np.full(outputs, 1 << 30, np.int32), np.full(outputs, -9, np.int32))
    return FullyConnected(
        *(0, "fc", "fc"),
        input=Tensor(0, "in", (features,), 1.0, draw(INT8)),
        output=Tensor(1, "out", (outputs,), 1.0, draw(INT8)),
        weights=rng.integers(-127, 128, (outputs, features), dtype=np.int8),
        bias=rng.integers(-3000, 3000, outputs, dtype=np.int32),
        requantize=draw(requantizations(usual, outputs)),
        activation_min=-128,
        activation_max=127,
    )


@settings(max_examples=60)
@given(layer=fully_connected_layers(), seed=st.integers(0, 1 << 32))
def test_fully_connected_equals_tflite(host_kernels: HostKernels, layer: FullyConnected, seed: int) -> None:
    values = random_input(np.random.default_rng(seed), layer)
    np.testing.assert_array_equal(host_kernels.fully_connected(layer, values), run_layer(layer, values))


@settings(max_examples=60)
@given(
    shape=st.tuples(st.integers(2, 9), st.integers(2, 9), st.integers(1, 9)),
    seed=st.integers(0, 1 << 32),
    in_place=st.booleans(),
)
def test_pooling_takes_the_maximum(
    host_kernels: HostKernels, shape: tuple[int, int, int], seed: int, in_place: bool
) -> None:
    height, width, channels = shape
    values = np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)
    even = values[: height // 2 * 2, : width // 2 * 2]
    expected = even.reshape(height // 2, 2, width // 2, 2, channels).max(axis=(1, 3))
    np.testing.assert_array_equal(host_kernels.max_pool_2x2(values, in_place), expected)
    np.testing.assert_array_equal(host_kernels.max_pool_global(values), values.max(axis=(0, 1)))


@settings(max_examples=40)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 1 << 32),
    ring=st.integers(1, 3),
)
def test_the_maximum_of_a_map_can_be_taken_as_its_rows_come(
    host_kernels: HostKernels, shape: tuple[int, int, int], seed: int, ring: int
) -> None:
    values = np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)
    np.testing.assert_array_equal(host_kernels.max_pool_global_rows(values, ring), values.max(axis=(0, 1)))


@pytest.mark.parametrize("kernel", ["f44", "f22"])
@pytest.mark.parametrize("shape", [(5, 4, 8), (4, 7, 8), (9, 11, 8), (3, 3, 8), (13, 2, 8)])
def test_pooled_convolutions_leave_out_an_odd_last_row_and_column(
    host_kernels: HostKernels, kernel: Any, shape: tuple[int, int, int]
) -> None:
    """The largest outputs stand in what pooling drops, where they must not be seen."""
    rng = np.random.default_rng(11)
    layer = random_layer(rng, shape, 4, input_zero_point=0)
    values = random_input(rng, layer)
    if shape[0] % 2:
        values[-1] = 127
    if shape[1] % 2:
        values[:, -1] = 127
    for strip in (0, 1):
        call = Call(layer, kernel, requantize_form(layer), blocks=2, strip=strip, pooled=True)
        assert call.output_shape[:2] == (shape[0] // 2, shape[1] // 2)
        np.testing.assert_array_equal(host_kernels.run(call, values), call.expected(values))


@st.composite
def poolings(draw: st.DrawFn, same: bool | None = None) -> MaxPool2D:
    """Windows that overlap, touch or leave gaps, on maps of odd sizes, with any clamp."""
    height, width, channels = (draw(st.integers(1, 9)) for _ in range(3))
    padded = draw(st.booleans()) if same is None else same
    window = tuple(draw(st.integers(1, 4 if padded else min(4, size))) for size in (height, width))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    positions, padding = zip(
        *(_positions(*axis, padded) for axis in zip((height, width), window, stride, strict=True)),
        strict=True,
    )
    low, high = sorted((draw(INT8), draw(INT8)))
    clamp = draw(st.sampled_from([(-128, 127), (low, high)]))
    tensors = (
        Tensor(0, "in", (height, width, channels), 1.0, 0),
        Tensor(1, "out", (*positions, channels), 1.0, 0),
    )
    return MaxPool2D(0, "pool", "pool", *tensors, (window[0], window[1]), stride, padding, *clamp)


def _positions(length: int, window: int, stride: int, padded: bool) -> tuple[int, int]:
    """Output positions along an axis and the padding before, as TFLite's SAME and VALID define them."""
    if not padded:
        return (length - window) // stride + 1, 0
    count = -(-length // stride)
    return count, max((count - 1) * stride + window - length, 0) // 2


@settings(max_examples=200)
@given(layer=poolings(), seed=st.integers(0, 1 << 20))
def test_any_pooling_equals_tflite(host_kernels: HostKernels, layer: MaxPool2D, seed: int) -> None:
    values = random_input(np.random.default_rng(seed), layer)
    output = host_kernels.max_pool_any(layer, values, in_place=False)
    np.testing.assert_array_equal(output, run_layer(layer, values))


@settings(max_examples=100)
@given(layer=poolings(same=False), seed=st.integers(0, 1 << 20))
def test_any_pooling_without_padding_runs_in_place(
    host_kernels: HostKernels, layer: MaxPool2D, seed: int
) -> None:
    values = random_input(np.random.default_rng(seed), layer)
    output = host_kernels.max_pool_any(layer, values, in_place=True)
    np.testing.assert_array_equal(output, run_layer(layer, values))


@settings(max_examples=200)
@given(shift=st.integers(-31, 30), multiplier=st.integers(1 << 30, (1 << 31) - 1), data=st.data())
def test_every_accumulator_is_requantized_alike(
    host_kernels: HostKernels, shift: int, multiplier: int, data: st.DataObject
) -> None:
    """A bias without weights isolates the requantization, over the range that the reader admits."""
    largest = (1 << 30) >> max(shift, 0)
    layer = FullyConnected(
        *(0, "fc", "fc"),
        input=Tensor(0, "in", (1,), 1.0, 0),
        output=Tensor(1, "out", (1,), 1.0, -5),
        weights=np.zeros((1, 1), np.int8),
        bias=np.array([data.draw(st.integers(-largest, largest))], np.int32),
        requantize=Requantize(np.array([multiplier], np.int32), np.array([shift], np.int32)),
        activation_min=-128,
        activation_max=127,
    )
    values = np.zeros(1, np.int8)
    np.testing.assert_array_equal(host_kernels.fully_connected(layer, values), run_layer(layer, values))


def _one_tap(bias: int) -> Conv2D:
    """One channel that adds `bias` to one input pixel times 1, and shows its accumulator's high bits."""
    layer = random_layer(np.random.default_rng(0), (4, 4, 1), 1, input_zero_point=0, output_zero_point=0)
    weights = np.zeros_like(layer.weights)
    weights[0, 1, 1, 0] = 1
    constants = Requantize(np.array([1 << 30], np.int32), np.array([-20], np.int32))
    return replace(layer, weights=weights, bias=np.array([bias], np.int32), requantize=constants)


@pytest.mark.parametrize(("kernel", "bits"), [("f44", 25), ("f22", 29)])
def test_bound_is_tight(host_kernels: HostKernels, kernel: Any, bits: int) -> None:
    """The kernel is right at the last accumulator the check allows and wrong at the first it refuses."""
    values = np.full((4, 4, 1), 127, np.int8)
    inside, outside = _one_tap((1 << bits) - 128), _one_tap((1 << bits) - 127)
    assert exact(kernel, inside)
    assert not exact(kernel, outside)
    for layer, agrees in ((inside, True), (outside, False)):
        output = host_kernels.run(Call(layer, kernel, RequantizeForm.ROUNDED), values)
        assert np.array_equal(output, run_layer(layer, values)) is agrees
