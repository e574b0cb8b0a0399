"""From a data set to a head file and back, in the bundled model's embeddings."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.head.file import load_head, save_head
from edgel3_deploy.head.network import run_head
from edgel3_deploy.head.report import head_html
from edgel3_deploy.head.run import TrainRequest, TrainResult, judge_head, train_head
from tests.head.conftest import CHOICES
from tests.head.datasets import make_esc50, make_sonyc


def test_head_file_holds_the_whole_head(trained: TrainResult, tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    save_head(trained.head, path)
    loaded, _ = load_head(path)
    assert loaded.to_bytes() == trained.head.to_bytes() == path.read_bytes()
    embeddings = np.random.default_rng(0).integers(-128, 128, (20, 64)).astype(np.int8)
    assert np.array_equal(run_head(loaded.network, embeddings), run_head(trained.head.network, embeddings))
    assert loaded.labels == ("high", "low") and len(loaded.trained_on) == 8


def test_held_out_fold_judges_the_head(trained: TrainResult, tones: Path) -> None:
    result = judge_head(trained.head, tones, "esc50", "bundled")
    assert result.known == 8 and result.metrics.clips == 4
    assert result.metrics.accuracy == 1


def test_clips_that_trained_a_head_do_not_judge_it(trained: TrainResult, tmp_path: Path) -> None:
    make_esc50(tmp_path, folds=2)  # the same tones as the folds that trained
    with pytest.raises(UsageError, match="took part in the training"):
        judge_head(trained.head, tmp_path, "esc50", "bundled")


def test_head_of_another_model_is_refused(trained: TrainResult, tones: Path) -> None:
    other = dataclasses.replace(trained.head, model_sha256="0" * 64, weights_sha256="1" * 64)
    with pytest.raises(UsageError, match="trained on bundled"):
        judge_head(other, tones, "esc50", "bundled")


def test_labels_that_the_head_has_not_are_refused(trained: TrainResult, tmp_path: Path) -> None:
    table = make_esc50(tmp_path)
    table.write_text(table.read_text().replace(",low,", ",deep,"))
    with pytest.raises(BadInputError, match="the head has no label deep"):
        judge_head(trained.head, tmp_path, "esc50", "bundled")


def test_unknown_fold_cannot_be_held_out(tones: Path) -> None:
    with pytest.raises(UsageError, match="--hold-out 9"):
        train_head(TrainRequest(tones, "esc50", "bundled", held_out=("9",)))


def test_unreadable_audio_is_refused_with_its_row(tmp_path: Path) -> None:
    table = make_esc50(tmp_path)
    (tmp_path / "audio" / "1-high-0.wav").write_bytes(b"no audio at all")
    with pytest.raises(BadInputError) as raised:
        train_head(TrainRequest(tmp_path, "esc50", "bundled", choices=CHOICES))
    assert raised.value.message.startswith(f"{table}, line 4: ") and "1-high-0.wav" in raised.value.message


def test_sonyc_is_judged_by_its_test_split(tmp_path: Path) -> None:
    make_sonyc(tmp_path)
    result = train_head(TrainRequest(tmp_path, "sonyc-ust", "bundled", choices=CHOICES))
    assert result.metrics.clips == 9 and result.metrics.micro_auprc is not None
    assert len(result.head.trained_on) == 18


def test_report_is_one_page_that_escapes_names(trained: TrainResult) -> None:
    head = dataclasses.replace(trained.head, labels=("<script>", "low"))
    rows = [{"embeddings": e, "head": h, "metrics": m} for e, h, m in trained.rows]
    page = head_html(head, trained.metrics, rows)
    assert page.count("data:image/png;base64,") == 2 and "<script>" not in page
    assert trained.metrics.headline in page


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 nothing", "cut", "flipped"])
def test_damaged_head_is_refused(trained: TrainResult, tmp_path: Path, damage: bytes | str) -> None:
    content = trained.head.to_bytes()
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content = content.replace(b'"softmax"', b'"sigmoid"')
    else:
        assert isinstance(damage, bytes)
        content = damage
    path = tmp_path / "head.npz"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="not a head"):
        load_head(path)
