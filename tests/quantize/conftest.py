"""A tiny network, for which the converter takes a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from tests.models.synthetic_weights import random_weights


@pytest.fixture
def tiny_network(tmp_path: Path) -> FloatNetwork:
    """A sea network of filters 4 4 8 8 with random weights."""
    return read_weights(random_weights(tmp_path / "tiny.h5", (4, 4, 8, 8)))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder of three short recordings: noise, a tone after silence, and a clip shorter than a window."""
    import soundfile

    folder = tmp_path / "recordings"
    folder.mkdir()
    random = np.random.default_rng(0)
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 8000)
    tone[:4000] = 0
    soundfile.write(folder / "a-noise.wav", random.uniform(-0.5, 0.5, 12_000), 8000)
    soundfile.write(folder / "b-tone.wav", tone, 8000)
    soundfile.write(folder / "c-short.wav", random.uniform(-0.5, 0.5, 3000), 8000)
    return folder
