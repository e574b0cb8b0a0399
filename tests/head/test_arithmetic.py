"""LOGISTIC and SOFTMAX against TFLite Micro's own, over all int8 values and from tiny to huge scales."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.head.arithmetic import (
    MOST_LABELS,
    logistic,
    logistic_constants,
    probabilities,
    softmax,
    softmax_constants,
)
from edgel3_deploy.reference import tflm
from tests.head.tflite import activation_model

ALL = np.arange(-128, 128).astype(np.int8)
SCALES = (2.0**-25, 1e-4, 0.01, 0.0625, 0.3, 1.0, 7.99, 15.0, 16.0, 31.0, 32.0, 1e3, 1e9)

tflite_micro = pytest.mark.skipif(not tflm.available(), reason="the tflite-micro wheel is not installed")


@tflite_micro
@pytest.mark.parametrize("scale", (2.0**-28, *SCALES))
@pytest.mark.parametrize("zero_point", [-128, -3, 127])
def test_logistic_is_tflite_micros(scale: float, zero_point: int) -> None:
    expected = tflm.run_all(activation_model("logistic", 256, scale, zero_point), ALL[np.newaxis])[0]
    assert np.array_equal(logistic(logistic_constants(scale, zero_point), ALL), expected)


@tflite_micro
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("labels", [1, 2, 10, MOST_LABELS])
def test_softmax_is_tflite_micros(scale: float, labels: int) -> None:
    values = np.random.default_rng(labels).integers(-128, 128, (30, labels)).astype(np.int8)
    values[0], values[1] = -128, 127
    values[2] = -128
    values[2, -1] = 127
    expected = tflm.run_all(activation_model("softmax", labels, scale, 5), values)
    assert np.array_equal(softmax(softmax_constants(scale), values), expected)


def test_scores_are_close_to_the_real_functions() -> None:
    real = ALL * 0.05
    curve = probabilities(logistic(logistic_constants(0.05, 0), ALL))
    assert np.abs(curve - 1 / (1 + np.exp(-real))).max() <= 1 / 256
    values = np.random.default_rng(0).integers(-128, 128, (100, 10)).astype(np.int8)
    powers = np.exp(values * 0.05)
    shares = probabilities(softmax(softmax_constants(0.05), values))
    assert np.abs(shares - powers / powers.sum(axis=1, keepdims=True)).max() <= 1 / 256


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 2.0**-29])
def test_scales_outside_of_the_arithmetic_are_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        logistic_constants(scale, 0)
    with pytest.raises(ValueError, match="scale"):
        softmax_constants(scale)


def test_too_many_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        softmax(softmax_constants(0.1), np.zeros((1, MOST_LABELS + 1), np.int8))
