"""TFLite's offline and online fixed-point arithmetic: how real scales become integers.

Source: the TFLite int8 quantization specification and gemmlowp's fixed-point definitions, as TFLite Micro
computes them in its default build (double rounding).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Requantize

MAX_SHIFT = 30


def quantize_multiplier(scale: float) -> tuple[int, int]:
    """(multiplier, shift): scale = multiplier * 2 ** (shift - 31), multiplier in [2 ** 30, 2 ** 31) or 0.

    Raises ValueError for a scale that is negative, not finite or of 2 ** 30 and more.
    """
    if not math.isfinite(scale) or scale < 0:
        raise ValueError(f"requantization scale {scale} is not a finite, non-negative number")
    fraction, shift = math.frexp(scale)
    multiplier = math.floor(fraction * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    if shift > MAX_SHIFT:
        raise ValueError(f"requantization scale {scale} is too large")
    if shift < -31:
        return 0, 0
    return multiplier, shift


def quantize_multipliers(scales: NDArray[np.float64]) -> Requantize:
    """`quantize_multiplier` of each entry of `scales` (channels,)."""
    pairs = [quantize_multiplier(float(scale)) for scale in scales]
    return Requantize(
        multiplier=np.array([multiplier for multiplier, _ in pairs], np.int32),
        shift=np.array([shift for _, shift in pairs], np.int32),
    )


def requantize(accumulator: NDArray[np.int32], constants: Requantize) -> NDArray[np.int32]:
    """int32 accumulators (..., channels) times the constants' scales, rounded twice as TFLite Micro does.

    A left shift wraps modulo 2 ** 32; the rounded doubling high product takes halves upwards, the rounding
    right shift takes halves away from zero.
    """
    left = np.maximum(constants.shift, 0).astype(np.int64)
    right = np.maximum(-constants.shift, 0).astype(np.int64)
    shifted = (accumulator.astype(np.int64) << left).astype(np.int32).astype(np.int64)
    high = (shifted * constants.multiplier.astype(np.int64) + (1 << 30)) >> 31
    mask = (np.int64(1) << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return ((high >> right) + ((high & mask) > threshold)).astype(np.int32)


ACTIVATIONS: dict[str, tuple[float | None, float | None]] = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}
"""Fused activations by their name in the schema, as real lower and upper bounds."""


def activation_range(activation: str, scale: float, zero_point: int) -> tuple[int, int]:
    """The int8 bounds of a fused `activation` on an output of that quantization; KeyError if unknown."""
    lower, upper = ACTIVATIONS[activation]
    return (
        -128 if lower is None else max(-128, _quantize(lower, scale, zero_point)),
        127 if upper is None else min(127, _quantize(upper, scale, zero_point)),
    )


def _quantize(real: float, scale: float, zero_point: int) -> int:
    ratio = float(np.float32(real) / np.float32(scale))
    return zero_point + int(math.copysign(math.floor(abs(ratio) + 0.5), ratio))
