"""The float forward pass against a direct transcription of the network, and against nothing else's code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.models import forward as forward_module
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from tests.models.synthetic_weights import random_weights


def transcription(network: FloatNetwork, decibels: np.ndarray) -> np.ndarray:
    """One spectrogram, float64, a tap of the kernel at a time."""
    features = (network.input_gain * decibels + network.input_offset)[..., np.newaxis]
    for index, conv in enumerate(network.convs):
        padded = np.pad(features, ((1, 1), (1, 1), (0, 0)))
        height, width = features.shape[:2]
        features = sum(
            padded[row : row + height, column : column + width] @ conv.weights[row, column].astype(np.float64)
            for row in range(3)
            for column in range(3)
        )
        features = features + conv.bias
        features = np.maximum(features, 0) if conv.relu else features
        if index in (1, 3, 5):
            height, width = height // 2 * 2, width // 2 * 2
            corners = [features[row:height:2, column:width:2] for row in (0, 1) for column in (0, 1)]
            features = np.max(corners, axis=0)
    embedding: np.ndarray = features.max(axis=(0, 1))
    return embedding


@pytest.fixture(params=["sea", "l3"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> FloatNetwork:
    return read_weights(random_weights(tmp_path / "a.h5", (3, 4, 5, 6), request.param))


def spectrograms(network: FloatNetwork, count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    return random.uniform(-80, 0, (count, network.n_mels, network.frames)).astype(np.float32)


def test_equals_the_transcription(network: FloatNetwork) -> None:
    inputs = spectrograms(network, 2)
    expected = [transcription(network, decibels) for decibels in inputs]
    actual = forward(network, inputs)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def test_strips_do_not_show(network: FloatNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = spectrograms(network, 1)
    whole = forward(network, inputs)
    monkeypatch.setattr(forward_module, "_PATCH_BYTES", 1 << 15)
    np.testing.assert_allclose(forward(network, inputs), whole, rtol=1e-5, atol=1e-5)


def test_no_spectrograms_give_no_embeddings(network: FloatNetwork) -> None:
    assert forward(network, spectrograms(network, 0)).shape == (0, 6)


def test_other_sizes_are_refused(network: FloatNetwork) -> None:
    with pytest.raises(ValueError, match="spectrograms of shape"):
        forward(network, np.zeros((1, network.n_mels, network.frames + 1), np.float32))
