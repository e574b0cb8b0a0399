"""TFLite Micro's int8 arithmetic in numpy, layer by layer: what the C kernels are tested against.

Dot products run in floating point, which is exact: every sum stays below what the mantissa holds.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgel3_deploy.graph.fixed_point import requantize
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, MaxPool2D, Network, Reshape

Int8Array = NDArray[np.int8]


def run(network: Network, values: Int8Array) -> Int8Array:
    """One inference: `values` of the network's input shape to its output shape."""
    for layer in network.layers:
        values = run_layer(layer, values)
    return values


def run_layer(layer: Layer, values: Int8Array) -> Int8Array:
    """The layer's output for `values` of its input shape. Raises TypeError for an unknown kind of layer."""
    values = values.reshape(layer.input.shape)
    if isinstance(layer, Conv2D):
        return _requantized(layer, _convolve(layer, values))
    if isinstance(layer, FullyConnected):
        matrix = layer.weights.astype(np.int64)
        return _requantized(layer, matrix @ (values.reshape(-1).astype(np.int64) - layer.input.zero_point))
    if isinstance(layer, MaxPool2D):
        windows = _windows(layer, values, layer.window, -128)
        largest: Int8Array = windows.max(axis=(2, 3)).clip(layer.activation_min, layer.activation_max)
        return largest
    if isinstance(layer, Reshape):
        return values.reshape(layer.output.shape)
    raise TypeError(f"no reference for {type(layer).__name__}")


def _convolve(layer: Conv2D, values: Int8Array) -> NDArray[np.int64]:
    """Sums (out_h, out_w, out) without the bias: one matrix product for each position in the kernel."""
    largest = 255 * int(np.abs(layer.weights.astype(np.int64)).sum(axis=(1, 2, 3)).max())
    kind = np.dtype(np.float32 if largest < 1 << 24 else np.float64)
    height, width, channels = layer.output.shape
    padded = _padded(layer, values, layer.weights.shape[1:3], layer.input.zero_point)
    centred = (padded.astype(np.int16) - layer.input.zero_point).astype(kind)
    sums = np.zeros((height * width, channels), kind)
    for row, column in np.ndindex(layer.weights.shape[1:3]):
        taken = centred[row :: layer.stride[0], column :: layer.stride[1]][:height, :width]
        kernel = layer.weights[:, row, column].astype(kind)
        sums += taken.reshape(height * width, -1) @ kernel.T
    return sums.astype(np.int64).reshape(height, width, channels)


def _windows(layer: MaxPool2D, values: Int8Array, window: tuple[int, ...], pad_value: int) -> Int8Array:
    """(out_h, out_w, window_h, window_w, channels), what lies outside the input reading as `pad_value`."""
    padded = _padded(layer, values, window, pad_value)
    views = sliding_window_view(padded, (window[0], window[1]), axis=(0, 1))
    windows: Int8Array = np.moveaxis(views[:: layer.stride[0], :: layer.stride[1]], 2, -1)
    return windows


def _padded(
    layer: Conv2D | MaxPool2D, values: Int8Array, window: tuple[int, ...], pad_value: int
) -> Int8Array:
    """What the windows of all outputs cover, `pad_value` outside the input: (height, width, channels)."""
    stride, padding = layer.stride, layer.padding
    ends = [(m - 1) * s + k for m, s, k in zip(layer.output.shape[:2], stride, window, strict=True)]
    behind = [
        max(end - before - size, 0) for end, before, size in zip(ends, padding, values.shape[:2], strict=True)
    ]
    pads = ((padding[0], behind[0]), (padding[1], behind[1]), (0, 0))
    return np.pad(values, pads, constant_values=pad_value)[: ends[0], : ends[1]]


def _requantized(layer: Conv2D | FullyConnected, sums: NDArray[np.int64]) -> Int8Array:
    accumulators = (sums + layer.bias).astype(np.int32)
    scaled = requantize(accumulators, layer.requantize) + layer.output.zero_point
    return scaled.clip(layer.activation_min, layer.activation_max).astype(np.int8).reshape(layer.output.shape)
