"""Weight files of this project: read back as written, whatever the shape of the network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.models.layout import weight_file
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from tests.models.synthetic_weights import random_weights


@pytest.fixture(params=["sea", "l3"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> FloatNetwork:
    return read_weights(random_weights(tmp_path / "model.h5", (2, 3, 3, 5, 5, 4, 4, 6), request.param))


def read_back(content: bytes, folder: Path) -> FloatNetwork:
    path = folder / "model.h5"
    path.write_bytes(content)
    return read_weights(path)


def assert_equal(actual: FloatNetwork, expected: FloatNetwork, tolerance: float) -> None:
    assert actual.input_gain == pytest.approx(expected.input_gain)
    assert actual.input_offset == pytest.approx(expected.input_offset)
    same_input = replace(expected, input_gain=actual.input_gain, input_offset=actual.input_offset)
    assert replace(actual, convs=()) == replace(same_input, convs=())
    assert [(c.name, c.relu) for c in actual.convs] == [(c.name, c.relu) for c in expected.convs]
    for ours, theirs in zip(actual.convs, expected.convs, strict=True):
        np.testing.assert_allclose(ours.weights, theirs.weights, rtol=tolerance, atol=1e-7)
        np.testing.assert_allclose(ours.bias, theirs.bias, rtol=tolerance, atol=1e-7)


def test_a_network_is_read_back_as_written(network: FloatNetwork, tmp_path: Path) -> None:
    assert_equal(read_back(weight_file(network), tmp_path), network, 1e-6)


def test_half_precision_is_nearly_the_same(network: FloatNetwork, tmp_path: Path) -> None:
    half = weight_file(network, np.float16)
    assert_equal(read_back(half, tmp_path), network, 1e-3)


@pytest.mark.parametrize("depth", [5, 6, 7])
def test_a_network_cut_short_is_read_back(depth: int, network: FloatNetwork, tmp_path: Path) -> None:
    shorter = replace(network, convs=network.convs[:depth])
    assert_equal(read_back(weight_file(shorter), tmp_path), shorter, 1e-6)


def test_equal_networks_give_equal_files(network: FloatNetwork) -> None:
    assert weight_file(network) == weight_file(network)
