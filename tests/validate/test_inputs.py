"""Inputs that are sent as they are: read, quantized, or generated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.validate.inputs import generated_inputs, read_inputs
from tests.graph.models import ModelBuilder


@pytest.fixture
def network() -> Network:
    return read_network(ModelBuilder((6, 5, 3), 0.5, -10).conv2d(4).build())


def save(path: Path, values: ArrayLike) -> Path:
    np.save(path, values)
    return path


def test_int8_goes_as_it_is(tmp_path: Path, network: Network) -> None:
    values = np.random.default_rng(0).integers(-128, 128, (4, 6, 5, 3), dtype=np.int8)
    given = read_inputs(save(tmp_path / "a.npy", values), network)
    np.testing.assert_array_equal(given.values, values)
    assert given.pictures(given.values[:2]).shape == (2, 6, 15)


def test_one_input_alone_is_a_batch_of_one(tmp_path: Path, network: Network) -> None:
    given = read_inputs(save(tmp_path / "a.npy", np.zeros((6, 5, 3), np.int8)), network)
    assert given.values.shape == (1, 6, 5, 3)


def test_real_numbers_are_quantized_and_clamped(tmp_path: Path, network: Network) -> None:
    values = np.zeros((1, 6, 5, 3))
    values.flat[:4] = 1.25, -1.25, 1e9, -1e9
    given = read_inputs(save(tmp_path / "a.npy", values), network)
    assert given.values.flat[:5].tolist() == [-7, -13, 127, -128, -10]


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 5, 6, 3), np.int8),
        np.zeros((2, 90), np.int8),
        np.zeros(0, np.int8),
        np.zeros((1, 6, 5, 3), np.int32),
        np.full((1, 6, 5, 3), np.nan),
        np.array([None]),
    ],
)
def test_others_are_refused_by_name(tmp_path: Path, network: Network, values: ArrayLike) -> None:
    path = save(tmp_path / "a.npy", values)
    with pytest.raises(BadInputError, match=str(path)):
        read_inputs(path, network)


def test_generated_inputs_vary_and_repeat(network: Network) -> None:
    first, again = generated_inputs(network), generated_inputs(network)
    np.testing.assert_array_equal(first.values, again.values)
    assert len(np.unique(first.values.reshape(len(first.values), -1), axis=0)) == len(first.values)
