"""Scales become integers as TFLite makes them, and accumulators are rounded twice as TFLite Micro does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.graph.fixed_point import activation_range, quantize_multiplier, requantize
from edgel3_deploy.graph.ir import Requantize

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)


def textbook_requantize(value: int, multiplier: int, shift: int) -> int:
    """gemmlowp's definition, step by step on Python integers: truncating divisions and signed nudges."""
    value = (value << max(shift, 0)) & 0xFFFFFFFF
    value = value - (1 << 32) if value >= 1 << 31 else value
    product = value * multiplier
    nudged = product + ((1 << 30) if product >= 0 else 1 - (1 << 30))
    high = abs(nudged) // (1 << 31) * (1 if nudged >= 0 else -1)
    exponent = max(-shift, 0)
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> exponent) + ((high & mask) > threshold)


@given(st.lists(INT32, min_size=1, max_size=20), st.integers(1 << 30, (1 << 31) - 1), st.integers(-31, 30))
def test_requantize_is_the_textbook_definition(values: list[int], multiplier: int, shift: int) -> None:
    constants = Requantize(np.array([multiplier], np.int32), np.array([shift], np.int32))
    result = requantize(np.array(values, np.int32)[:, np.newaxis], constants)
    assert result.ravel().tolist() == [textbook_requantize(value, multiplier, shift) for value in values]


@given(st.floats(2.0**-31, 2.0**29))
def test_multiplier_and_shift_stand_for_the_scale(scale: float) -> None:
    multiplier, shift = quantize_multiplier(scale)
    assert 1 << 30 <= multiplier < 1 << 31
    assert multiplier * 2.0 ** (shift - 31) == pytest.approx(scale, rel=2**-30)


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (0.0, (0, 0)),
        (2.0**-40, (0, 0)),
        (2.0**-33, (0, 0)),
        (2.0**-32, (1 << 30, -31)),
        (2.0**29, (1 << 30, 30)),
        (1.0, (1 << 30, 1)),
        (0.5, (1 << 30, 0)),
        (1 - 2.0**-33, (1 << 30, 1)),
    ],
)
def test_special_scales(scale: float, expected: tuple[int, int]) -> None:
    assert quantize_multiplier(scale) == expected


@pytest.mark.parametrize("scale", [-0.5, float("nan"), float("inf"), 2.0**30, 2.0**31])
def test_impossible_scales_are_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        quantize_multiplier(scale)


@pytest.mark.parametrize(
    ("activation", "zero_point", "expected"),
    [
        ("NONE", 5, (-128, 127)),
        ("RELU", -128, (-128, 127)),
        ("RELU", 5, (5, 127)),
        ("RELU6", -128, (-128, -68)),
        ("RELU6", 100, (100, 127)),
        ("RELU_N1_TO_1", 0, (-10, 10)),
    ],
)
def test_activation_range(activation: str, zero_point: int, expected: tuple[int, int]) -> None:
    assert activation_range(activation, 0.1, zero_point) == expected


def test_bounds_are_rounded_as_float32_has_them() -> None:
    assert activation_range("RELU6", 0.07, -128) == (-128, -42)
    half = float(np.float32(6 / 24.5))
    assert 6 / half < 24.5
    assert activation_range("RELU6", half, -100) == (-100, -75)
