"""Cross-layer equalization: channels of like range, so that one scale for the whole tensor fits them all.

Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (ICCV 2019); here by a
power of each channel's measured range. ReLU and max pool let a positive factor pass, so the network computes
the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.models.network import FloatConv

Vector = NDArray[np.float64]

_EXPONENT = 0.9
"""At 1 every channel has all of the steps and ends where its range does; below that the narrow ones have
fewer steps and headroom beyond, and the next layer's weights round better.
"""
_LEAST_RANGE = 1e-3
"""Floor of a channel's range, relative to the median, for channels that calibration never excited."""


def channel_factors(ranges: Vector) -> Vector:
    """What each channel is divided by: a power of its range, for `ranges` (channels,) from zero up."""
    floor = max(float(np.median(ranges)) * _LEAST_RANGE, 1e-12)
    factors: Vector = np.maximum(ranges, floor) ** _EXPONENT
    return factors


def rescale(conv: FloatConv, incoming: Vector, outgoing: Vector) -> FloatConv:
    """`conv` for inputs that were divided by `incoming` (in,), giving outputs divided by `outgoing`
    (out,).
    """
    weights = conv.weights * incoming[:, np.newaxis] / outgoing
    bias = conv.bias / outgoing
    return replace(conv, weights=weights.astype(np.float32), bias=bias.astype(np.float32))
