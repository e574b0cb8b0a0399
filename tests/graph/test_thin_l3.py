"""The network that `specialize` trained and `prune --finetune` recovered: see tests/data/README.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import L3, log_mel
from edgel3_deploy.compress.pruning import PLANS
from edgel3_deploy.graph.ir import Conv2D, Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run, run_layer
from edgel3_deploy.graph.tensors import quantize_input
from edgel3_deploy.quantize.synthetic import generate
from tests.graph.engines import tflite_micro

MODEL = (Path(__file__).parents[1] / "data" / "thin-l3.tflite").read_bytes()


@pytest.fixture(scope="module")
def network() -> Network:
    return read_network(MODEL)


@pytest.fixture(scope="module")
def window(network: Network) -> NDArray[np.int8]:
    """A second of generated sound."""
    decibels = log_mel(generate(L3.sample_rate, 3)[2], L3)
    values: NDArray[np.int8] = quantize_input(network, decibels[np.newaxis])[0]
    return values


def test_it_is_as_sparse_as_the_plan_says(network: Network) -> None:
    kernels = [layer.weights for layer in network.layers if isinstance(layer, Conv2D)]
    assert [len(kernel) for kernel in kernels] == [8, 8, 16, 16, 32, 32, 64, 64]
    for kernel, percent in zip(kernels, PLANS["95.45"], strict=True):
        assert np.count_nonzero(kernel == 0) >= round(kernel.size * percent / 100)


def test_pruning_left_some_channels_without_weights(network: Network) -> None:
    """Kernels meet them in real networks; random masks hardly make any."""
    kernels = [layer.weights for layer in network.layers if isinstance(layer, Conv2D)]
    assert any((kernel.reshape(len(kernel), -1) == 0).all(axis=1).any() for kernel in kernels)


def test_its_activations_neither_die_nor_saturate(network: Network, window: NDArray[np.int8]) -> None:
    values = window
    for layer in network.layers:
        values = run_layer(layer, values)
        if isinstance(layer, Conv2D) and layer.name != "conv8":
            assert 0.3 < (values == layer.activation_min).mean() < 0.8
            assert (values == 127).mean() < 0.001


def test_the_reference_is_tflite_micro(network: Network, window: NDArray[np.int8]) -> None:
    np.testing.assert_array_equal(run(network, window), tflite_micro(MODEL, window))
