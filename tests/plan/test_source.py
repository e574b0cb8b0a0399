"""What `check` and `plan` take for a model."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.models.locate import MODELS_VARIABLE
from edgel3_deploy.plan.source import plannable
from tests.graph.models import small_model
from tests.models.synthetic_weights import random_weights


def test_a_family_name_needs_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    assert plannable("sea-128").output.shape == (128,)


def test_the_bundled_model_has_a_name() -> None:
    assert (plannable("bundled").name, plannable("bundled").output.shape) == ("bundled", (64,))


def test_weights_are_taken_by_their_shape(tmp_path: Path) -> None:
    weights = random_weights(tmp_path / "mine.h5", (2, 4, 4, 6))
    packed = tmp_path / "mine.h5.gz"
    packed.write_bytes(gzip.compress(weights.read_bytes()))
    for path in (weights, packed):
        network = plannable(str(path))
        assert (network.name, network.input.shape, network.output.shape) == ("mine", (64, 50, 1), (6,))


def test_a_tflite_is_read(tmp_path: Path) -> None:
    path = tmp_path / "small.tflite"
    path.write_bytes(small_model())
    assert plannable(str(path)).name == "small"


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nosuch"):
        plannable("nosuch")
    for path in (tmp_path, tmp_path / "nosuch.h5", tmp_path / "nosuch.tflite"):
        with pytest.raises(BadInputError, match=str(path)):
            plannable(str(path))
