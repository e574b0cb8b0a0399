"""Loading a model: which networks compute how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgel3_deploy.embedding.model import EmbeddingModel, open_model
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.models.locate import MODELS_VARIABLE
from tests.graph.models import ModelBuilder


def test_weights_are_float_unless_asked(float_model: EmbeddingModel, board_model: EmbeddingModel) -> None:
    assert (float_model.name, float_model.arithmetic, float_model.embedding_size) == ("small", "float", 8)
    assert (board_model.name, board_model.arithmetic, board_model.embedding_size) == ("small", "board", 8)
    assert float_model.identity != board_model.identity


def test_weights_are_quantized_for_the_board_as_a_build_does(weights: Path, recordings: Path) -> None:
    from edgel3_deploy.models.weights import read_weights
    from edgel3_deploy.quantize import quantize

    model = open_model(weights, "board", calibration=[recordings])
    assert model.arithmetic == "board"
    tflite = weights.with_suffix(".tflite")
    tflite.write_bytes(quantize(read_weights(weights), calibration=[recordings]).tflite)
    same = open_model(tflite)
    assert same.identity == model.identity
    windows = np.random.default_rng(0).uniform(-1, 1, (2, 8_000)).astype(np.float32)
    np.testing.assert_array_equal(same.embed(windows), model.embed(windows))


def test_the_default_is_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    model = open_model()
    assert model.name == "bundled"
    assert model.warnings == ("sea-64 is not on this machine: using the bundled model",)
    assert open_model("bundled").warnings == ()
    assert open_model("bundled").identity == model.identity


def test_a_published_model(sea_64_weights: Path) -> None:
    assert open_model(sea_64_weights).name == "sea-64"


def test_refusals(weights: Path, tflite: Path, recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"small\.tflite is int8"):
        open_model(tflite, "float")
    with pytest.raises(UsageError, match="quantized already"):
        open_model(tflite, calibration=[recordings])
    with pytest.raises(UsageError, match="no effect on float"):
        open_model(weights, calibration=[recordings])
    unknown: Any = "exact"
    with pytest.raises(UsageError, match='called "exact"'):
        open_model(weights, unknown)
    with pytest.raises(BadInputError, match=r"nowhere\.h5"):
        open_model("nowhere.h5")
    foreign = tmp_path / "foreign.tflite"
    foreign.write_bytes(ModelBuilder((6, 6, 1)).conv2d(2).reshape((72,)).build())
    with pytest.raises(BadInputError, match="no front end gives the input of foreign"):
        open_model(foreign)
