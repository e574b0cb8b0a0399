"""Small networks, float and int8, and recordings for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.embedding.model import EmbeddingModel, open_model
from tests.embedding.sounds import RATE, write_recordings
from tests.models.synthetic_weights import random_weights
from tests.validate.prepared import small_model


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random float weights with an embedding of 8."""
    return random_weights(tmp_path_factory.mktemp("weights") / "small.h5", (4, 4, 4, 8))


@pytest.fixture(scope="session")
def tflite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small int8 model with an embedding of 8."""
    path = tmp_path_factory.mktemp("tflite") / "small.tflite"
    path.write_bytes(small_model())
    return path


@pytest.fixture(scope="session")
def float_model(weights: Path) -> EmbeddingModel:
    """The float weights, loaded."""
    return open_model(weights)


@pytest.fixture(scope="session")
def board_model(tflite: Path) -> EmbeddingModel:
    """The int8 model, loaded."""
    return open_model(tflite)


@pytest.fixture
def noise() -> np.ndarray:
    """Two seconds and a bit at 8 kHz, float32."""
    return np.random.default_rng(1).uniform(-0.5, 0.5, 2 * RATE + 123).astype(np.float32)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder of three short recordings, one of them in a subfolder."""
    return write_recordings(tmp_path / "recordings")
