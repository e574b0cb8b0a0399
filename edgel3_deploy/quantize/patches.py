"""3x3 convolution in numpy, and the patches that its statistics are taken over."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@np.errstate(over="ignore", invalid="ignore")  # the ranges tell of an overflow
def convolve(features: FloatArray, kernel: FloatArray, bias: FloatArray) -> FloatArray:
    """'Same' convolution of a feature map: (height, width, in) with (3, 3, in, out) -> (height, width, out).

    Columns are gathered once, rows by shifting, which moves a third of what patches would.
    """
    height, width, channels = features.shape
    columns = np.zeros((height + 2, width, 3 * channels), np.float32)
    columns[1:-1, 1:, :channels] = features[:, :-1]
    columns[1:-1, :, channels : 2 * channels] = features
    columns[1:-1, :-1, 2 * channels :] = features[:, 1:]
    rows = kernel.reshape(3, 3 * channels, -1).astype(np.float32, copy=False)
    flat = columns.reshape(-1, 3 * channels)
    output: FloatArray = flat[: height * width] @ rows[0]
    output += flat[width : (height + 1) * width] @ rows[1]
    output += flat[2 * width :] @ rows[2]
    output += bias.astype(np.float32, copy=False)
    return output.reshape(height, width, -1)


def patches(features: FloatArray, first: int = 0, stride: int = 1) -> FloatArray:
    """Every `stride`-th 3x3 patch of a feature map (height, width, in) with zeros around it, from patch
    `first`.

    float32 (n, 9 * in), ordered as a kernel (3, 3, in).
    """
    height, width, channels = features.shape
    padded = np.pad(features, ((1, 1), (1, 1), (0, 0)))
    views = sliding_window_view(padded, (3, 3), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    row, column = np.divmod(np.arange(first, height * width, stride), width)
    chosen: FloatArray = views[row, column].reshape(len(row), 9 * channels)
    return chosen


def halve(features: FloatArray) -> FloatArray:
    """2x2 max pool, stride 2, 'valid'."""
    height, width, channels = features.shape
    even = features[: height // 2 * 2, : width // 2 * 2]
    pooled: FloatArray = even.reshape(height // 2, 2, width // 2, 2, channels).max(axis=(1, 3))
    return pooled
