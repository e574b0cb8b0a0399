"""A model is taken as it is or quantized, and refused early when its shape cannot fit."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.cli.main import run
from edgel3_deploy.compress.pruning import PLANS
from edgel3_deploy.errors import BadInputError, ExitCode, OverBudgetError
from edgel3_deploy.fileio import sha256
from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.pipeline.source import take_model
from edgel3_deploy.plan.schedule import schedule
from tests.graph.engines import litert, tflite_micro
from tests.graph.models import random_input
from tests.graph.sparse import make_sparse, pruned_chain
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


def test_what_prune_wrote_is_planned_by_its_zeros(tmp_path: Path) -> None:
    """Quantization keeps every zero, so that the planner finds them."""
    weights, pruned = random_weights(tmp_path / "thin.h5", (8, 8, 16, 16)), tmp_path / "pruned.h5"
    assert run(["prune", "-m", str(weights), "--sparsity", "95.45", "-o", str(pruned)]) == ExitCode.OK
    board = load_board("stm32f7")
    source = take_model(str(pruned), (), board)
    kernels = [layer.weights for layer in source.network.layers if isinstance(layer, Conv2D)]
    for kernel, percent in zip(kernels, PLANS["95.45"], strict=True):
        assert np.count_nonzero(kernel == 0) >= round(kernel.size * percent / 100)
    steps = schedule(source.network, board, "balanced").steps
    assert sum(step.kernel.name == "sparse" for step in steps) >= 5


def test_a_sparse_tflite_is_built_from_dense_constants(tmp_path: Path) -> None:
    """TFLite Micro, the reference, runs what is built."""
    path = tmp_path / "sparse.tflite"
    path.write_bytes(make_sparse(pruned_chain()).build())
    source = take_model(str(path), (), load_board("stm32f7"))
    values = random_input((9, 7, 2))
    assert source.inputs["sha256"] == sha256(path.read_bytes())
    assert np.array_equal(tflite_micro(source.tflite, values), litert(path.read_bytes(), values))
