"""The bounds of the fast kernels are attained, tight, and chosen per layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgel3_deploy.graph.ir import Requantize
from edgel3_deploy.plan.bounds import (
    accumulators,
    exact,
    exact_f44,
    fast_requantize,
    poolable,
    requantize_form,
)
from edgel3_deploy.plan.packed import RequantizeForm
from tests.firmware.kernels.calls import random_layer


def test_range_is_attained() -> None:
    layer = random_layer(np.random.default_rng(1), (3, 3, 5), 1, input_zero_point=-20)
    bounds = accumulators(layer)
    highest = np.where(layer.weights[0] > 0, 127, -128).astype(np.int64)
    reached = int(layer.bias[0] + (layer.weights[0] * (highest + 20)).sum())
    assert reached == bounds.high[0]


@pytest.mark.parametrize(
    ("multiplier", "shift", "zero_point", "form"),
    [
        (1 << 30, -1, -128, RequantizeForm.RECTIFIED),
        (1 << 30, -22, -128, RequantizeForm.RECTIFIED),
        (1 << 30, -8, 0, RequantizeForm.ROUNDED),
        (1 << 30, 0, -128, RequantizeForm.GENERAL),
        (1 << 30, -23, -128, RequantizeForm.GENERAL),
    ],
)
def test_form_follows_the_constants(
    multiplier: int, shift: int, zero_point: int, form: RequantizeForm
) -> None:
    layer = random_layer(np.random.default_rng(2), (4, 4, 3), 1, output_zero_point=zero_point)
    constants = Requantize(np.array([multiplier], np.int32), np.array([shift], np.int32))
    assert requantize_form(replace(layer, requantize=constants)) is form


def test_a_clamp_needs_the_rounded_form() -> None:
    layer = random_layer(np.random.default_rng(2), (4, 4, 3), 1, clamp=(-128, 90))
    assert requantize_form(layer) is RequantizeForm.ROUNDED


def test_channels_are_judged_one_by_one() -> None:
    layer = random_layer(np.random.default_rng(3), (4, 4, 8), 2)
    layer.bias[1] = 1 << 30
    assert exact_f44(layer).tolist() == [True, False]
    assert fast_requantize(layer).tolist() == [True, False]


@pytest.mark.parametrize(("stride", "kernel"), [((2, 2), (3, 3)), ((1, 1), (1, 1))])
def test_winograd_refuses_other_shapes(stride: tuple[int, int], kernel: tuple[int, int]) -> None:
    layer = random_layer(np.random.default_rng(4), (8, 8, 4), 2, stride=stride, kernel=kernel)
    assert not exact("f44", layer)
    assert not exact("mono", layer)
    assert exact("direct", layer)


def test_a_left_shift_that_wraps_forbids_fused_pooling() -> None:
    layer = random_layer(np.random.default_rng(5), (4, 4, 8), 2)
    layer.bias[:] = 1 << 20
    constants = Requantize(np.full(2, 1 << 30, np.int32), np.array([9, 12], np.int32))
    assert poolable(replace(layer, requantize=constants)).tolist() == [True, False]


@pytest.mark.parametrize("depth", [113, 114, 115])
@pytest.mark.parametrize("weight", [-128, 1])
def test_weights_decide_only_where_the_size_does_not(depth: int, weight: int) -> None:
    layer = random_layer(np.random.default_rng(6), (4, 4, depth), 2, input_zero_point=-128)
    layer.weights[:] = weight
    layer.bias[:] = 0
    assert exact_f44(layer).tolist() == accumulators(layer).fits(25).tolist()
    assert exact_f44(layer).all() == (weight == 1 or depth <= 114)
