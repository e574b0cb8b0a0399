"""A model is taken as it is or quantized, and refused early when its shape cannot fit."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path

import pytest

from edgel3_deploy.boards import Board
from edgel3_deploy.errors import BadInputError, OverBudgetError
from edgel3_deploy.pipeline.source import take_model
from tests.models.synthetic_weights import random_weights


def test_a_tflite_file_is_taken_as_it_is(model_file: Path, board: Board) -> None:
    source = take_model(str(model_file), (), board)
    assert source.tflite == model_file.read_bytes()
    assert source.float_network is None
    assert source.fidelity is None
    assert source.inputs["sha256"] == hashlib.sha256(source.tflite).hexdigest()
    assert source.inputs["kind"] == "tflite"


def test_weights_of_a_shape_that_cannot_fit_are_not_quantized(
    tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("edgel3_deploy.quantize.quantize")
    monkeypatch.setattr(module, "quantize", lambda *_, **__: pytest.fail("quantized"))
    path = random_weights(tmp_path / "mine.h5", (64, 128, 256, 512))
    with pytest.raises(OverBudgetError, match="flash by") as caught:
        take_model(str(path), (), board)
    assert caught.value.verdict is not None


def test_a_member_that_is_not_at_hand_says_how_to_get_it(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGEL3_DEPLOY_MODELS", raising=False)
    with pytest.raises(BadInputError) as caught:
        take_model("sea-256", (), board)
    assert "edgel3-deploy models pull sea-256" in caught.value.hint
