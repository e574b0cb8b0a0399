"""LOGISTIC and SOFTMAX of int8 values as TFLite Micro computes them, in numpy: the twin of firmware/head/.

Both give scores of scale 1/256 and zero point -128. Between int8 and int8 they compute in 32-bit fixed point,
a number with i integer bits being times 2 ** (31 - i).

Source: TFLite Micro's reference kernels logistic.h and softmax.h, and gemmlowp's fixedpoint.h, from which
every constant and the order of every step are taken. LiteRT's own LOGISTIC looks values up in a table made
with floats, and differs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int8Array = NDArray[np.int8]
Int64Array = NDArray[np.int64]

MOST_LABELS = 128
"""HEAD_MOST_LABELS of firmware/head/most_labels.h."""
SCORE_SCALE = 1 / 256
SCORE_ZERO_POINT = -128

_LARGEST = (1 << 31) - 1
_LOGISTIC_BITS, _SOFTMAX_BITS, _SUM_BITS = 4, 5, 12
_OUTPUT_BITS = 8
_EXP_OF_EIGHTH, _THIRD = 1895147668, 715827883
_EXP_FACTORS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_48_OVER_17, _MINUS_32_OVER_17 = 1515870810, -1010580540


@dataclass(frozen=True)
class Logistic:
    """Constants of LOGISTIC: head_logistic_t."""

    zero_point: int
    radius: int
    multiplier: int
    shift: int


@dataclass(frozen=True)
class Softmax:
    """Constants of SOFTMAX with beta 1: head_softmax_t."""

    diff_min: int
    multiplier: int
    shift: int


def logistic_constants(scale: float, zero_point: int) -> Logistic:
    """What LOGISTIC needs for inputs of that quantization.

    Raises ValueError for a scale that is not finite or below 2 ** -28, where TFLite Micro's own arithmetic is
    undefined.
    """
    _check(scale, 2.0**-28)
    fraction, shift = math.frexp(float(np.float32(scale)) * (1 << (31 - _LOGISTIC_BITS)))
    radius = _radius(_LOGISTIC_BITS, shift)
    # Behind a shift of 31 and more nothing is within the radius.
    return Logistic(zero_point, radius, int(fraction * (1 << 31)), min(shift, 31))


def softmax_constants(scale: float) -> Softmax:
    """What SOFTMAX needs for inputs of that scale.

    Raises ValueError for a scale that is not finite or at most 2 ** -26, which TFLite Micro refuses.
    """
    _check(scale, math.nextafter(2.0**-26, 1))
    real = min(float(np.float32(scale)) * (1 << (31 - _SOFTMAX_BITS)), float(_LARGEST))
    fraction, shift = math.frexp(real)
    return Softmax(-_radius(_SOFTMAX_BITS, shift), math.floor(fraction * (1 << 31) + 0.5), shift)


def logistic(constants: Logistic, values: Int8Array) -> Int8Array:
    """int8 of any shape to int8 scores of that shape."""
    centred = values.astype(np.int64) - constants.zero_point
    inside = np.where(np.abs(centred) < constants.radius, centred, 0)
    real = _multiply(inside << constants.shift, constants.multiplier)
    positive = _reciprocal(_exp(-np.abs(real), _LOGISTIC_BITS))
    curve = np.where(real > 0, positive, np.where(real < 0, _LARGEST - positive, 1 << 30))
    scores = _divide(curve, 31 - _OUTPUT_BITS) + SCORE_ZERO_POINT
    scores = np.where(centred >= constants.radius, 127, scores)
    scores = np.where(centred <= -constants.radius, -128, scores)
    return scores.clip(-128, 127).astype(np.int8)


def softmax(constants: Softmax, values: Int8Array) -> Int8Array:
    """int8 (..., labels) to int8 scores of that shape. Raises ValueError for more than MOST_LABELS labels."""
    if not 0 < values.shape[-1] <= MOST_LABELS:
        raise ValueError(f"{values.shape[-1]} labels, not 1 to {MOST_LABELS}")
    wide = values.astype(np.int64)
    differences = wide - wide.max(axis=-1, keepdims=True)
    counts = differences >= constants.diff_min
    shifted = np.where(counts, differences, 0) << constants.shift
    exponentials = np.where(counts, _exp(_multiply(shifted, constants.multiplier), _SOFTMAX_BITS), 0)
    total = _divide(exponentials, _SUM_BITS).sum(axis=-1, keepdims=True)
    headroom = 31 - np.floor(np.log2(total)).astype(np.int64)
    scale = _reciprocal((total << headroom) & _LARGEST)
    exponent = _SUM_BITS - headroom + 31 - _OUTPUT_BITS
    scores = _divide(_multiply(scale, exponentials), exponent) + SCORE_ZERO_POINT
    return scores.clip(-128, 127).astype(np.int8)


def probabilities(scores: Int8Array) -> NDArray[np.float32]:
    """The numbers in [0, 1) that int8 scores stand for, float32 of the same shape."""
    return ((scores.astype(np.float32) - SCORE_ZERO_POINT) * np.float32(SCORE_SCALE)).astype(np.float32)


def _check(scale: float, least: float) -> None:
    if not math.isfinite(scale) or scale < least:
        raise ValueError(f"scale {scale} is not a finite number of at least {least}")


def _radius(integer_bits: int, shift: int) -> int:
    """How far from zero an input may be so that its fixed-point form stays inside of its integer bits."""
    return math.floor(((1 << integer_bits) - 1) * 2.0 ** (31 - integer_bits - shift))


def _multiply(a: Int64Array | int, b: Int64Array | int) -> Int64Array:
    """The rounded doubling high product, halves upwards."""
    product: Int64Array = (np.asarray(a, np.int64) * b + (1 << 30)) >> 31
    return product


def _divide(value: Int64Array, exponent: Int64Array | int) -> Int64Array:
    """value / 2 ** exponent, halves away from zero."""
    mask = (np.int64(1) << exponent) - 1
    quotient: Int64Array = (value >> exponent) + ((value & mask) > (mask >> 1) + (value < 0))
    return quotient


def _exp(value: Int64Array, integer_bits: int) -> Int64Array:
    """exp of numbers at most 0 with that many integer bits, as fractions of 2 ** 31."""
    quarter = 1 << (29 - integer_bits)
    modulo = (value & (quarter - 1)) - quarter
    rest = modulo - value
    result = _exp_of_quarter(modulo << integer_bits)
    for bit, factor in enumerate(_EXP_FACTORS[: integer_bits + 2]):
        result = np.where(rest & (quarter << bit), _multiply(result, factor), result)
    return np.where(value == 0, _LARGEST, result)


def _exp_of_quarter(value: Int64Array) -> Int64Array:
    """exp of fractions in [-1/4, 0): a Taylor series around -1/8."""
    x = value + (1 << 28)
    x2 = _multiply(x, x)
    x3, x4 = _multiply(x2, x), _multiply(x2, x2)
    cubic = _multiply(_divide(x4, 2) + x3, _THIRD)
    return _EXP_OF_EIGHTH + _multiply(_EXP_OF_EIGHTH, x + _divide(cubic + x2, 1))


def _reciprocal(value: Int64Array) -> Int64Array:
    """1 / (1 + value) of fractions of 2 ** 31 that are at least 0: Newton and Raphson's division."""
    half = (value + (1 << 31)) >> 1
    x = _48_OVER_17 + _multiply(half, _MINUS_32_OVER_17)
    for _ in range(3):
        x = x + (_multiply(x, (1 << 29) - _multiply(half, x)) << 2)
    return np.where(x >= 1 << 30, _LARGEST, x << 1)
