"""A tiny teacher and a folder of short recordings, so that training takes seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.train.sounds import engine, siren, speech
from tests.models.synthetic_weights import random_weights


@pytest.fixture
def teacher(tmp_path: Path) -> FloatNetwork:
    """A SEA network of filters 4 4 8 8 with random weights."""
    return read_weights(random_weights(tmp_path / "teacher.h5", (4, 4, 8, 8)))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder of three recordings of 1.5 s: an engine and a siren in stereo at 16 kHz, a voice at 8 kHz."""
    import soundfile

    folder = tmp_path / "recordings"
    folder.mkdir()
    for number, generator in enumerate((engine, siren)):
        sound = generator(np.random.default_rng(number), 24_000, 16_000)
        soundfile.write(folder / f"{number}.wav", np.stack([sound, sound], 1) / np.abs(sound).max(), 16_000)
    voice = speech(np.random.default_rng(2), 12_000, 8_000)
    soundfile.write(folder / "2.wav", voice / np.abs(voice).max(), 8_000)
    return folder
