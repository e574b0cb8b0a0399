"""The bounds of the fast kernels are attained, tight, and chosen per layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgel3_deploy.graph.ir import Conv2D, Requantize
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.plan.bounds import accumulators, exact, exact_f44, fast_requantize, requantize_form
from edgel3_deploy.plan.packed import RequantizeForm
from tests.firmware.fast.calls import Call, random_layer
from tests.firmware.fast.conftest import host_kernels  # noqa: F401
from tests.firmware.fast.host import HostKernels


def _layer(bias: int, **options: Any) -> Conv2D:
    """One channel that adds `bias` to one input pixel times 1, and shows its accumulator's high bits."""
    layer = random_layer(np.random.default_rng(0), (4, 4, 1), 1, input_zero_point=0, output_zero_point=0, **options)
    weights = np.zeros_like(layer.weights)
    weights[0, 1, 1, 0] = 1
    constants = Requantize(np.array([1 << 30], np.int32), np.array([-20], np.int32))
    return replace(layer, weights=weights, bias=np.array([bias], np.int32), requantize=constants)


def test_range_is_attained() -> None:
    layer = random_layer(np.random.default_rng(1), (3, 3, 5), 1, input_zero_point=-20)
    bounds = accumulators(layer)
    highest = np.where(layer.weights[0] > 0, 127, -128).astype(np.int64)
    reached = int(layer.bias[0] + (layer.weights[0] * (highest + 20)).sum())
    assert reached == bounds.high[0]


@pytest.mark.parametrize(("kernel", "bits"), [("f44", 25), ("f22", 29)])
def test_bound_is_tight(host_kernels: HostKernels, kernel: Any, bits: int) -> None:  # noqa: F811
    """The kernel is right at the last accumulator that the check allows, and wrong at the first that it refuses."""
    values = np.full((4, 4, 1), 127, np.int8)
    inside, outside = _layer((1 << bits) - 128), _layer((1 << bits) - 127)
    assert exact(kernel, inside)
    assert not exact(kernel, outside)
    for layer, agrees in ((inside, True), (outside, False)):
        output = host_kernels.run(Call(layer, kernel, RequantizeForm.ROUNDED), values)
        assert np.array_equal(output, run_layer(layer, values)) is agrees


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
def test_form_follows_the_constants(multiplier: int, shift: int, zero_point: int, form: RequantizeForm) -> None:
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
