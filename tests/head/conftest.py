"""A head trained on tones in the bundled model's embeddings, once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.head.run import TrainRequest, TrainResult, train_head
from edgel3_deploy.head.train import Choices
from tests.head.datasets import make_esc50

CHOICES = Choices(hidden=((), (8,)), penalties=(0.3,))


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in ESC-50's layout."""
    folder = tmp_path_factory.mktemp("tones")
    make_esc50(folder)
    return folder


@pytest.fixture
def trained(tones: Path, private_cache: None) -> TrainResult:
    """A head for the bundled model that knows two tones, fold 3 held out."""
    return train_head(TrainRequest(tones, "esc50", "bundled", held_out=("3",), choices=CHOICES))
