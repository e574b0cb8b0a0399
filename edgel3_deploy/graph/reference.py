"""TFLite Micro's int8 arithmetic in numpy, layer by layer: what the C kernels are tested against.

Dot products run in float64, which is exact: every sum stays far below 2 ** 53.
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
        patches = _windows(layer, values, layer.weights.shape[1:3], layer.input.zero_point)
        return _multiply(layer, patches.reshape(-1, layer.weights[0].size))
    if isinstance(layer, FullyConnected):
        return _multiply(layer, values.reshape(1, -1))
    if isinstance(layer, MaxPool2D):
        windows = _windows(layer, values, layer.window, -128)
        largest: Int8Array = windows.max(axis=(2, 3)).clip(layer.activation_min, layer.activation_max)
        return largest
    if isinstance(layer, Reshape):
        return values.reshape(layer.output.shape)
    raise TypeError(f"no reference for {type(layer).__name__}")


def _windows(
    layer: Conv2D | MaxPool2D, values: Int8Array, window: tuple[int, ...], pad_value: int
) -> Int8Array:
    """(out_h, out_w, window_h, window_w, channels), what lies outside the input reading as `pad_value`."""
    stride, padding = layer.stride, layer.padding
    ends = [(m - 1) * s + k for m, s, k in zip(layer.output.shape[:2], stride, window, strict=True)]
    behind = [
        max(end - before - size, 0) for end, before, size in zip(ends, padding, values.shape[:2], strict=True)
    ]
    pads = ((padding[0], behind[0]), (padding[1], behind[1]), (0, 0))
    padded = np.pad(values, pads, constant_values=pad_value)[: ends[0], : ends[1]]
    views = sliding_window_view(padded, (window[0], window[1]), axis=(0, 1))
    windows: Int8Array = np.moveaxis(views[:: stride[0], :: stride[1]], 2, -1)
    return windows


def _multiply(layer: Conv2D | FullyConnected, patches: Int8Array) -> Int8Array:
    matrix = layer.weights.reshape(len(layer.weights), -1).astype(np.float64)
    centred = patches.astype(np.float64) - layer.input.zero_point
    accumulators = (centred @ matrix.T).astype(np.int64) + layer.bias
    scaled = requantize(accumulators.astype(np.int32), layer.requantize) + layer.output.zero_point
    return scaled.clip(layer.activation_min, layer.activation_max).astype(np.int8).reshape(layer.output.shape)
