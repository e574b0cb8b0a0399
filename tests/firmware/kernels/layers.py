"""Layers of every shape and quantization for the kernels to run, straight as values of the graph."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from edgel3_deploy.graph.ir import Conv2D, FullyConnected, MaxPool2D, Requantize, Tensor

INT8 = st.integers(-128, 127)


def tensor(index: int, shape: tuple[int, ...], zero_point: int) -> Tensor:
    return Tensor(index, f"tensor{index}", shape, 1.0, zero_point)


@st.composite
def bounds(draw: st.DrawFn) -> tuple[int, int]:
    """activation_min and activation_max."""
    low, high = sorted((draw(INT8), draw(INT8)))
    return draw(st.sampled_from([(-128, 127), (low, high)]))


@st.composite
def constants(draw: st.DrawFn, outputs: int, inputs: int) -> dict[str, object]:
    """Weights (outputs, inputs), bias, requantization: both signs of shift, zero multipliers."""
    random = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    weights = random.integers(-128, 128, (outputs, inputs), dtype=np.int8)
    if draw(st.booleans()):
        weights = np.where(weights < 0, np.int8(-128), np.int8(127))
    multiplier = random.integers(1 << 30, (1 << 31) - 1, outputs, dtype=np.int32, endpoint=True)
    multiplier[random.random(outputs) < 0.05] = 0
    low, high = draw(st.sampled_from([(-12, -4), (-31, 0), (1, 4)]))
    return {
        "weights": weights,
        "bias": random.integers(-(1 << 20), 1 << 20, outputs, dtype=np.int32),
        "requantize": Requantize(
            multiplier, random.integers(low, high, outputs, dtype=np.int32, endpoint=True)
        ),
    }


@st.composite
def convolutions(draw: st.DrawFn, largest: int = 9) -> Conv2D:
    height, width, channels = (draw(st.integers(1, largest)) for _ in range(3))
    kernel = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    same = draw(st.booleans()) or kernel[0] > height or kernel[1] > width
    outputs = draw(st.integers(1, largest))
    positions, padding = geometry((height, width), kernel, stride, same)
    values = draw(constants(outputs, kernel[0] * kernel[1] * channels))
    weights = np.asarray(values.pop("weights")).reshape(outputs, *kernel, channels)
    low, high = draw(bounds())
    return Conv2D(
        0,
        "conv1",
        "",
        tensor(0, (height, width, channels), draw(INT8)),
        tensor(1, (*positions, outputs), draw(INT8)),
        weights=weights,
        **values,  # type: ignore[arg-type]
        stride=stride,
        padding=padding,
        activation_min=low,
        activation_max=high,
    )


@st.composite
def poolings(draw: st.DrawFn, padded: bool | None = None) -> MaxPool2D:
    height, width, channels = (draw(st.integers(1, 9)) for _ in range(3))
    same = draw(st.booleans()) if padded is None else padded
    window = tuple(draw(st.integers(1, 4 if same else min(4, size))) for size in (height, width))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    positions, padding = geometry((height, width), (window[0], window[1]), stride, same)
    low, high = draw(bounds())
    zero_point = draw(INT8)
    return MaxPool2D(
        0,
        "pool1",
        "",
        tensor(0, (height, width, channels), zero_point),
        tensor(1, (*positions, channels), zero_point),
        (window[0], window[1]),
        stride,
        padding,
        low,
        high,
    )


@st.composite
def fully_connecteds(draw: st.DrawFn) -> FullyConnected:
    inputs, outputs = draw(st.integers(1, 70)), draw(st.integers(1, 20))
    low, high = draw(bounds())
    return FullyConnected(
        0,
        "fc1",
        "",
        tensor(0, (inputs,), draw(INT8)),
        tensor(1, (outputs,), draw(INT8)),
        **draw(constants(outputs, inputs)),
        activation_min=low,
        activation_max=high,
    )


def geometry(
    size: tuple[int, int], window: tuple[int, int], stride: tuple[int, int], same: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """(output height, width) and (top, left) padding, as TFLite's SAME and VALID define them."""
    positions, padding = [], []
    for length, extent, step in zip(size, window, stride, strict=True):
        count = -(-length // step) if same else (length - extent) // step + 1
        positions.append(count)
        padding.append(max((count - 1) * step + extent - length, 0) // 2 if same else 0)
    return (positions[0], positions[1]), (padding[0], padding[1])
