"""Networks of L3's shape for the tests: pruned as published, and neither dead nor saturated."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import L3, log_mel
from edgel3_deploy.compress.pruning import PLANS
from edgel3_deploy.graph.ir import Conv2D, Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.graph.tensors import quantize_input
from edgel3_deploy.quantize.synthetic import generate
from tests.graph.l3 import SMALL_FILTERS, generated_spectrogram, sparse_l3, sparse_small


def convolutions(network: Network) -> list[Conv2D]:
    return [layer for layer in network.layers if isinstance(layer, Conv2D)]


def rectified(network: Network, values: NDArray[np.int8]) -> list[NDArray[np.int8]]:
    """Outputs of all convolutions but the last."""
    outputs = []
    for layer in network.layers:
        values = run_layer(layer, values)
        if isinstance(layer, Conv2D):
            outputs.append(values)
    return outputs[:-1]


def assert_healthy(outputs: list[NDArray[np.int8]], saturated: float) -> None:
    for output in outputs:
        assert 0.40 <= (output == -128).mean() <= 0.65
        assert (output == 127).mean() <= saturated
        assert (output.reshape(-1, output.shape[2]).std(axis=0) > 0).all()


@pytest.mark.parametrize("plan", ["87.08", "95.45"])
def test_the_zeros_are_those_of_the_published_plan(plan: str) -> None:
    network = read_network(sparse_l3(PLANS[plan]))
    for layer, percent in zip(convolutions(network), PLANS[plan], strict=True):
        assert np.count_nonzero(layer.weights == 0) == round(layer.weights.size * percent / 100)
        assert (np.abs(layer.weights.reshape(len(layer.weights), -1)).max(axis=1) == 127).all()


def test_the_whole_network_is_that_of_the_paper() -> None:
    network = read_network(sparse_l3())
    assert network.input.shape == (256, 199, 1)
    assert [len(layer.bias) for layer in convolutions(network)] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert sum(np.count_nonzero(layer.weights) for layer in convolutions(network)) == 213_281
    assert network.front_end == "l3"


def test_it_is_the_same_on_every_machine() -> None:
    assert hashlib.sha256(sparse_l3()).hexdigest().startswith("d790c59c2bd02552")
    assert hashlib.sha256(sparse_small()).hexdigest().startswith("0b7de470f85547e9")


@pytest.mark.parametrize("seed", [0, 1])
def test_the_small_network_lives(seed: int) -> None:
    network = read_network(sparse_small(seed=seed))
    assert_healthy(rectified(network, generated_spectrogram((70, 53))), saturated=0.001)
    assert [len(layer.bias) for layer in convolutions(network)] == list(SMALL_FILTERS)


@pytest.mark.slow
def test_sound_keeps_the_whole_network_alive() -> None:
    network = read_network(sparse_l3())
    sound = log_mel(generate(L3.sample_rate, 5)[4], L3)
    outputs = rectified(network, quantize_input(network, sound[np.newaxis])[0])
    assert_healthy(outputs, saturated=0.001)
