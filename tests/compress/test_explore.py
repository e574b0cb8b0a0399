"""The table of variants for a board: fidelity only where there are weights and recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.audio.clips import find_clips
from edgel3_deploy.boards import load_board
from edgel3_deploy.compress.explore import explore, explore_plot
from edgel3_deploy.models.family import member
from edgel3_deploy.models.locate import MODELS_VARIABLE
from tests.models.synthetic_weights import random_weights


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a file called sea-64 that holds a tiny network; no bundled model."""
    random_weights(tmp_path / member("sea-64").file_name, (4, 4, 8, 8))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    monkeypatch.setattr("edgel3_deploy.compress.explore.bundled_weights", lambda: None)


@pytest.mark.usefixtures("models")
def test_variants_are_judged_by_size_and_fidelity(recordings: Path) -> None:
    board = load_board("stm32f7")
    rows = {row.name: row for row in explore(board, find_clips([recordings]))}
    assert {"sea-64", "sea-64 conv7", "sea-64 conv5", "sea-512", "sparse-*, stored dense"} <= set(rows)
    assert (rows["sea-128"].verdict, rows["sea-512"].verdict) == ("fits", "over")
    assert rows["sea-64"].fidelity is not None
    assert rows["sea-64"].fidelity.cosine_median > 0.99
    assert rows["sea-128"].fidelity is None
    assert rows["sea-64 conv5"].flash < rows["sea-64 conv7"].flash < rows["sea-64"].flash
    assert 30e6 < rows["sea-128"].instructions < rows["sea-256"].instructions < rows["sea-512"].instructions
    assert explore_plot(list(rows.values()), board).startswith(b"\x89PNG")
