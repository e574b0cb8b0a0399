"""Float networks survive their file, bit by bit; other files are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.models.archive import fingerprint, load_network, network_bytes, save_network
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from tests.models.synthetic_weights import random_weights


@pytest.fixture
def network(tmp_path: Path) -> FloatNetwork:
    return read_weights(random_weights(tmp_path / "a.h5", (2, 3, 4, 5)))


def test_what_is_saved_is_loaded(network: FloatNetwork, tmp_path: Path) -> None:
    save_network(network, tmp_path / "network.npz")
    loaded = load_network(tmp_path / "network.npz")
    assert fingerprint(loaded) == fingerprint(network)
    assert [conv.name for conv in loaded.convs] == [conv.name for conv in network.convs]
    for before, after in zip(network.convs, loaded.convs, strict=True):
        np.testing.assert_array_equal(before.weights, after.weights)
    assert replace(loaded, convs=()) == replace(network, convs=())


def test_the_same_network_gives_the_same_bytes(network: FloatNetwork) -> None:
    assert network_bytes(network) == network_bytes(replace(network))


def test_the_fingerprint_covers_every_value(network: FloatNetwork) -> None:
    last = network.convs[-1]
    bias = last.bias.copy()
    bias[-1] = np.nextafter(bias[-1], np.float32(1e9))
    others = [
        replace(network, name="b"),
        replace(network, input_gain=network.input_gain * 2),
        replace(network, convs=(*network.convs[:-1], replace(last, bias=bias))),
        replace(network, convs=(*network.convs[:-1], replace(last, relu=not last.relu))),
    ]
    assert len({fingerprint(candidate) for candidate in [network, *others]}) == 5


def test_arrays_that_do_not_chain_are_refused(network: FloatNetwork, tmp_path: Path) -> None:
    for convs in (network.convs[:4], (*network.convs[1:], network.convs[0])):
        save_network(replace(network, convs=convs), tmp_path / "network.npz")
        with pytest.raises(BadInputError, match=r"network\.npz"):
            load_network(tmp_path / "network.npz")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read"):
        load_network(tmp_path / "network.npz")


@settings(max_examples=60)
@given(st.data())
def test_damaged_files_are_loaded_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    content = bytearray(network_bytes(read_weights(random_weights(folder / "a.h5", (1, 1, 1, 1)))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "network.npz"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert isinstance(load_network(path), FloatNetwork)
    except BadInputError as error:
        assert "network.npz" in error.message
