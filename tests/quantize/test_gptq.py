"""Rounding: each refinement lowers the output error it promises to lower."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.quantize.gptq import (
    WEIGHT_MAX,
    channel_scales,
    gptq,
    least_squares_scales,
    output_error,
    refine,
    round_at_best_scales,
    round_nearest,
)


def layer(seed: int, inputs: int = 36, outputs: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Weights, and the covariance of inputs that are strongly correlated, as neighbouring pixels are."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=(400, 4)) @ rng.normal(size=(4, inputs)) + 0.1 * rng.normal(size=(400, inputs))
    return rng.normal(size=(inputs, outputs)), np.cov(samples.T)


@given(st.integers(0, 1000))
def test_each_step_errs_less_than_the_one_before(seed: int) -> None:
    weights, gram = layer(seed)
    scales = channel_scales(weights)
    nearest = round_nearest(weights, scales)
    careful = gptq(weights, gram, scales)
    refined = refine(careful, weights, gram, scales)
    errors = [output_error(q * scales - weights, gram).sum() for q in (nearest, careful, refined)]
    assert errors[0] > errors[1] >= errors[2]


@given(st.integers(0, 1000))
def test_integers_stay_within_the_symmetric_range(seed: int) -> None:
    weights, gram = layer(seed)
    scales = channel_scales(weights) * 0.8
    for rounded in (
        gptq(weights, gram, scales),
        refine(round_nearest(weights, scales), weights, gram, scales),
    ):
        assert np.abs(rounded).max() <= WEIGHT_MAX
        np.testing.assert_array_equal(rounded, np.rint(rounded))


@given(st.integers(0, 1000))
def test_least_squares_scales_err_no_more_than_full_ones(seed: int) -> None:
    weights, gram = layer(seed)

    def error(scales: np.ndarray) -> np.ndarray:
        return output_error(round_nearest(weights, scales) * scales - weights, gram)

    assert (error(least_squares_scales(weights, gram)) <= error(channel_scales(weights)) + 1e-12).all()


@given(st.integers(0, 1000))
def test_pruned_weights_stay_zero(seed: int) -> None:
    weights, gram = layer(seed)
    weights[np.random.default_rng(seed).random(weights.shape) < 0.9] = 0
    scales = channel_scales(weights)
    refined = refine(gptq(weights, gram, scales), weights, gram, scales)
    assert not refined[weights == 0].any()


def test_the_best_of_several_scales_errs_far_less_where_there_are_few_inputs() -> None:
    weights, gram = layer(5, inputs=9, outputs=16)
    scales = channel_scales(weights)
    once = refine(gptq(weights, gram, scales), weights, gram, scales)
    best, best_scales = round_at_best_scales(weights, gram, np.zeros(16))
    errors = [output_error(q * s - weights, gram).sum() for q, s in ((once, scales), (best, best_scales))]
    assert errors[1] < 0.5 * errors[0]
    assert (np.abs(best) <= WEIGHT_MAX).all()
    np.testing.assert_array_equal(best_scales, best_scales.astype(np.float32))


def test_scales_stay_above_the_least() -> None:
    weights, gram = layer(6, inputs=18)
    least = 2 * channel_scales(weights)
    rounded, scales = round_at_best_scales(weights, gram, least)
    np.testing.assert_allclose(scales, least, rtol=1e-6)
    assert np.abs(rounded).max() <= WEIGHT_MAX / 2 + 1


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, gram = layer(3)
    scales = channel_scales(weights)
    whole = gptq(weights, gram, scales)
    monkeypatch.setattr("edgel3_deploy.quantize.gptq._BLOCK", 7)
    np.testing.assert_array_equal(gptq(weights, gram, scales), whole)


def test_inputs_without_variance_are_survived() -> None:
    weights = np.zeros((9, 2))
    scales = channel_scales(weights)
    assert (scales > 0).all()
    np.testing.assert_array_equal(gptq(weights, np.zeros((9, 9)), scales), weights)
