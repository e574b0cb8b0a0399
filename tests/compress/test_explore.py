"""The table of variants for a board: fidelity only where there are weights and recordings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from edgel3_deploy.audio.clips import find_clips
from edgel3_deploy.boards import load_board
from edgel3_deploy.compress.explore import Variant, explore
from edgel3_deploy.compress.pruning import PLANS, cut_depth, prune_weights
from edgel3_deploy.models.family import FAMILY, member
from edgel3_deploy.models.layout import weight_file
from edgel3_deploy.models.locate import MODELS_VARIABLE
from edgel3_deploy.models.weights import read_weights
from tests.graph.models import small_model
from tests.models.synthetic_weights import random_weights

F7 = load_board("stm32f7")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights of a family of one, sea-64, which hold a tiny network; and a single plan to prune by."""
    monkeypatch.setattr("edgel3_deploy.compress.explore.FAMILY", FAMILY[:1])
    monkeypatch.setattr("edgel3_deploy.compress.explore.PLANS", {"95.45": PLANS["95.45"]})
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    return random_weights(tmp_path / member("sea-64").file_name, (4, 4, 8, 8))


def by_name(variants: Iterable[Variant]) -> dict[tuple[str, str], Variant]:
    return {(row.name, row.optimize): row for row in variants}


@pytest.mark.slow
@pytest.mark.usefixtures("models")
def test_variants_are_judged_by_size_and_fidelity(recordings: Path) -> None:
    rows = by_name(explore(F7, recordings=find_clips([recordings])))
    whole, short, narrow = (rows[name, "balanced"] for name in ("sea-64", "sea-64 conv5", "sea-64 half"))
    assert whole.fidelity is not None
    assert whole.fidelity.cosine_median > 0.99
    assert short.fidelity is not None
    assert narrow.fidelity is None
    pruned = rows["sea-64 sparse 95.45", "balanced"]
    assert whole.sparsity < 0.02
    assert 0.7 < pruned.sparsity < 0.96
    assert pruned.nonzeros < 0.1 * whole.nonzeros
    assert pruned.instructions <= whole.instructions
    assert pruned.fidelity is not None
    flash = {
        name: rows[name, "size"].flash for name in ("sea-64", "sea-64 conv7", "sea-64 conv5", "sea-64 half")
    }
    assert flash["sea-64 half"] < flash["sea-64"]
    assert flash["sea-64 conv5"] < flash["sea-64 conv7"] < flash["sea-64"]


def test_a_pruned_model_is_not_pruned_again(models: Path, tmp_path: Path) -> None:
    sparse = tmp_path / "mine.h5"
    sparse.write_bytes(weight_file(prune_weights(read_weights(models), PLANS["87.08"]).network))
    rows = by_name(explore(F7, [str(sparse)]))
    assert not any(name.startswith("mine sparse") for name, _ in rows)
    assert rows["mine", "balanced"].sparsity > 0.5


def test_without_recordings_nothing_is_quantized(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("edgel3_deploy.compress.explore.quantize")
    rows = explore(F7, [str(models)])
    assert all(row.fidelity is None for row in rows)


@pytest.mark.slow
def test_the_rest_of_the_family_is_judged_by_its_shape_for_every_goal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = [member(name) for name in ("sea-128", "sea-512", "sparse-ft-53.5", "sparse-kd-53.5")]
    monkeypatch.setattr("edgel3_deploy.compress.explore.FAMILY", family)
    small = tmp_path / "small.tflite"
    small.write_bytes(small_model())
    rows = by_name(explore(F7, [str(small)]))
    assert {row.name for row in rows.values()} == {"small", "sea-128", "sea-512", "sparse-*-53.5"}
    speed, balanced, size = (rows["sea-128", goal] for goal in ("speed", "balanced", "size"))
    assert speed.verdict == balanced.verdict == size.verdict == "fits"
    assert speed.instructions < balanced.instructions < size.instructions
    assert size.ram < min(balanced.ram, speed.ram)
    assert rows["sea-512", "-"].verdict == rows["sparse-*-53.5", "-"].verdict == "over"


@pytest.mark.slow
def test_the_bundled_model_stands_in_where_no_weights_are_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgel3_deploy.compress.explore.FAMILY", FAMILY[:1])
    monkeypatch.setattr("edgel3_deploy.compress.explore.PLANS", {})
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    names = {row.name for row in explore(F7)}
    assert {"bundled", "bundled conv5", "bundled half", "sea-64"} <= names
    assert "sea-64 conv5" not in names


def test_a_shorter_network_is_not_made_longer(models: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.h5"
    short.write_bytes(weight_file(cut_depth(read_weights(models), "conv6").network))
    names = {row.name for row in explore(F7, [str(short)])}
    assert {name for name in names if name.startswith("short")} == {"short", "short conv5"}
