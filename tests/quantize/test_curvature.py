"""The curvature is the squared derivative of the embedding by weights, and rounding listens to it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatConv, FloatNetwork
from edgel3_deploy.quantize.curvature import curvatures
from edgel3_deploy.quantize.statistics import Statistics

WIDTHS = (2, 3, 2, 2, 2, 2, 3, 1)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def network(tiny_network: FloatNetwork) -> FloatNetwork:
    """Eight positive convolutions, so that no ReLU bends the derivative, and an embedding of one number."""
    random = np.random.default_rng(3)
    convs, channels = [], 1
    for index, width in enumerate(WIDTHS):
        shape = (3, 3, channels, width)
        weights = (random.uniform(0.5, 1.5, shape) / (9 * channels)).astype(np.float32)
        convs.append(FloatConv(f"conv{index + 1}", weights, np.full(width, 0.1, np.float32), True))
        channels = width
    return replace(tiny_network, convs=tuple(convs), input_gain=1.0, input_offset=0.0)


@pytest.fixture
def windows(network: FloatNetwork) -> np.ndarray:
    shape = (3, network.n_mels, network.frames)
    return np.random.default_rng(4).uniform(0.5, 2.0, shape).astype(np.float32)


def relative_slopes(network: FloatNetwork, windows: np.ndarray, layer: int) -> np.ndarray:
    """d log embedding / d (weights, biases) by differences: (windows, 9 * in + 1, out)."""
    conv = network.convs[layer]
    exact = forward(network, windows)[:, 0].astype(np.float64)
    rows, width = conv.weights[..., 0].size + 1, conv.weights.shape[3]
    slopes = np.zeros((len(windows), rows, width))
    for row, output in np.ndindex(rows, width):
        ends = []
        for step in (-0.005, 0.005):
            values = np.concatenate([conv.weights.reshape(-1, width), conv.bias[np.newaxis]])
            values[row, output] += step
            changed = replace(conv, weights=values[:-1].reshape(conv.weights.shape), bias=values[-1])
            moved = replace(network, convs=(*network.convs[:layer], changed, *network.convs[layer + 1 :]))
            ends.append(forward(moved, windows)[:, 0].astype(np.float64))
        slopes[:, row, output] = (ends[1] - ends[0]) / 0.01 / exact
    return slopes


@pytest.mark.parametrize("layer", [0, 1, 4, 7])
def test_it_is_the_squared_slope_less_what_biases_make_up_for(
    layer: int, network: FloatNetwork, windows: np.ndarray, pool: ThreadPoolExecutor
) -> None:
    slopes = relative_slopes(network, windows, layer)
    whole = np.einsum("nro,nso->rs", slopes, slopes)
    expected = whole[:-1, :-1] - np.outer(whole[:-1, -1], whole[-1, :-1]) / whole[-1, -1]
    found = curvatures(network, list(windows[..., np.newaxis]), pool)[layer]
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=0.03 * np.abs(whole).max())
    np.testing.assert_allclose(np.trace(found), np.trace(expected), rtol=0.15)


def test_it_is_the_same_every_time(
    network: FloatNetwork, windows: np.ndarray, pool: ThreadPoolExecutor
) -> None:
    inputs = list(windows[..., np.newaxis])
    for first, second in zip(
        curvatures(network, inputs, pool), curvatures(network, inputs, pool), strict=True
    ):
        np.testing.assert_array_equal(first, second)


class TestStatistics:
    def test_half_of_the_covariance_gives_way(self) -> None:
        statistics = Statistics(np.eye(9) * 4, np.zeros(9))
        curvature = np.diag([8.0, *[0.0] * 8])
        felt = statistics.with_curvature(curvature, np.ones(1)).covariance
        np.testing.assert_allclose(felt, np.diag([20.0, *[2.0] * 8]))

    def test_it_is_of_inputs_that_equalization_divided(self) -> None:
        curvature = np.diag(np.tile([4.0, 9.0], 9))
        felt = Statistics(np.zeros((18, 18)), np.zeros(18)).with_curvature(curvature, np.array([2.0, 3.0]))
        assert not felt.covariance.any()
        felt = Statistics(np.eye(18), np.zeros(18)).with_curvature(curvature, np.array([2.0, 3.0]))
        np.testing.assert_allclose(felt.covariance, np.eye(18))

    def test_a_layer_that_nothing_feels_keeps_its_covariance(self) -> None:
        statistics = Statistics(np.eye(9), np.zeros(9))
        assert statistics.with_curvature(np.zeros((9, 9)), np.ones(1)) is statistics
