"""Whether a fast kernel is exact for a layer, per output channel, from weights, bias and quantization.

Notation: for one output channel with weights w, bias b and input zero point z, the accumulator of TFLite is
acc = b + sum(w * (x - z)). Inputs x are in -128..127 and padding is x = z, so

    b + sum(min(w * (-128 - z), w * (127 - z))) <= acc <= b + sum(max(w * (-128 - z), w * (127 - z)))

and these bounds are reached. Products and sums inside the kernels are modulo 2^32, which is a ring: whatever
wraps around on the way comes right as long as the last value that is read as a signed number fits. So each
kernel has one condition on acc.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D, FullyConnected
from edgel3_deploy.plan.packed import RequantizeForm

BoolArray = NDArray[np.bool_]
MAX_FAST_SHIFT = 22


@dataclass(frozen=True)
class Range:
    """Lowest and highest accumulator of each output channel, int64 (out,), inclusive and attained."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]

    def fits(self, bits: int) -> BoolArray:
        """Whether -2^bits <= acc < 2^bits, per channel."""
        return (self.low >= -(1 << bits)) & (self.high < (1 << bits))


def accumulators(layer: Conv2D | FullyConnected) -> Range:
    """The range of the layer's accumulators, bias included."""
    weights = layer.weights.reshape(len(layer.weights), -1)
    positive = np.maximum(weights, 0).sum(axis=1, dtype=np.int64)
    negative = np.minimum(weights, 0).sum(axis=1, dtype=np.int64)
    lowest, highest = -128 - layer.input.zero_point, 127 - layer.input.zero_point
    bias = layer.bias.astype(np.int64)
    return Range(
        low=bias + positive * lowest + negative * highest, high=bias + positive * highest + negative * lowest
    )


def _fit(layer: Conv2D | FullyConnected, bits: int) -> BoolArray:
    """Whether -2^bits <= acc < 2^bits, per channel: for all weights that layers of this size can have, or for
    the layer's own."""
    outputs, largest = len(layer.weights), np.abs(layer.bias.astype(np.int64)).max(initial=0)
    if layer.weights[:1].size * 128 * 255 + largest < 1 << bits:
        return np.ones(outputs, np.bool_)
    return accumulators(layer).fits(bits)


def exact_f44(layer: Conv2D) -> BoolArray:
    """F(4x4,3x3), per output channel: -2^25 <= acc < 2^25.

    The output transform with integer coefficients gives 576 * acc = 9 * 64 * acc modulo 2^32 (outputs 1 to 3
    of an axis come divided by 2, 4 and 4, so they need less). 9 is odd, hence invertible: times 0x38E38E39
    leaves 64 * acc modulo 2^32, which equals 64 * acc as a signed number if and only if acc is in that range.
    The factors of the products fit int16 for all weights and inputs: |U| <= 49 * 128 = 6,272 because the rows
    of the weight transform have absolute sums up to 7, and V is in -12,750..30,090
    (firmware/kernels/f44_input.c), so only acc decides. With |x - z| <= 255, sum(|w|) * 255 + |b| < 2^25
    suffices: always so up to 114 input channels.
    """
    return _fit(layer, 25)


def exact_f22(layer: Conv2D) -> BoolArray:
    """F(2x2,3x3), per output channel: -2^29 <= acc < 2^29.

    The output transform gives 4 * acc modulo 2^32, which must be read as signed. |U| <= 9 * 128 and |V| <= 4
    * 128 fit int16.
    """
    return _fit(layer, 29)


def exact_direct(layer: Conv2D | FullyConnected) -> BoolArray:
    """Direct products, per output channel: -2^31 <= acc < 2^31, as TFLite's own accumulator."""
    return _fit(layer, 31)


def exact_mono(layer: Conv2D) -> BoolArray:
    """The one-channel kernel, per output channel: -2^30 <= acc < 2^30 (its weights are doubled)."""
    return _fit(layer, 30)


def fast_requantize(layer: Conv2D | FullyConnected) -> BoolArray:
    """Where the five-instruction requantization equals TFLite's, per output channel.

    SMMULR(2 * acc, multiplier) = floor((2 * acc * multiplier + 2^31) / 2^32) is the saturating rounding
    doubling high multiplication (halves upwards; it saturates only for two factors of -2^31). It needs -2^31
    <= 2 * acc < 2^31 and a multiplier >= 0. The rounding shift by e = -shift takes halves away from zero: (t
    + (t >> 31) + 2^(e-1)) >> e, which needs e >= 1. The zero point zp enters as zp * 2^e before the shift.
    With |t| <= 2^30 and |zp| <= 128 the sum stays below 2^30 + 128.5 * 2^e + 1 < 2^31 for e <= 22.
    """
    shift = layer.requantize.shift
    shift_fits = (shift <= -1) & (shift >= -MAX_FAST_SHIFT)
    return accumulators(layer).fits(30) & shift_fits & (layer.requantize.multiplier >= 0)


def requantize_form(layer: Conv2D | FullyConnected) -> RequantizeForm:
    """The cheapest form that is exact for all channels of the layer.

    Rectified layers, output zero point -128 and no clamp but int8's, may leave the (t >> 31) out: it lowers
    only negative t, and for those both forms end below zero before the zero point is added, that is at -128
    after saturation.
    """
    if not fast_requantize(layer).all():
        return RequantizeForm.GENERAL
    unclamped = (layer.activation_min, layer.activation_max) == (-128, 127)
    if unclamped and layer.output.zero_point == -128:
        return RequantizeForm.RECTIFIED
    return RequantizeForm.ROUNDED


def poolable(layer: Conv2D) -> BoolArray:
    """Where the maximum may be taken of accumulators instead of outputs, per channel.

    Requantization never decreases with acc (multiplier >= 0, both roundings and the clamp are monotonic),
    unless a left shift wraps around: -2^31 <= acc * 2^shift < 2^31 must hold.
    """
    rises: BoolArray = layer.requantize.multiplier >= 0
    left = np.maximum(layer.requantize.shift, 0).astype(np.int64)
    if not left.any():
        return rises & _fit(layer, 31)
    bounds = accumulators(layer)
    return rises & (bounds.low << left >= -(1 << 31)) & (bounds.high << left < (1 << 31))


EXACT: dict[str, Callable[[Conv2D], BoolArray]] = {
    "f44": exact_f44,
    "f22": exact_f22,
    "direct": exact_direct,
    "mono": exact_mono,
    "mono_lanes": exact_mono,
    "sparse": exact_direct,
}
"""The condition of each convolution kernel, by its name.

Sparse lists are split so that their lanes hold (pack_sparse); their sums are added as TFLite's accumulator.
"""


def supports(kernel: str, layer: Conv2D) -> bool:
    """Whether the kernel computes layers of this shape at all."""
    square = layer.weights.shape[1:3] == (3, 3) and layer.stride == (1, 1)
    same = layer.padding == (1, 1) and layer.output.shape[:2] == layer.input.shape[:2]
    if kernel in ("f44", "f22"):
        return square and same
    if kernel == "sparse":
        return square and same
    if kernel == "mono_lanes":
        return square and same and layer.weights.shape[3] == 1
    if kernel == "mono":
        return square and layer.weights.shape[3] == 1 and max(layer.padding) <= 1
    return True


@lru_cache(maxsize=256)
def exact(kernel: str, layer: Conv2D) -> bool:
    """Whether the kernel gives TFLite's output for every input of the layer."""
    return supports(kernel, layer) and all(EXACT[kernel](layer).tolist())
