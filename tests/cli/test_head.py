"""`edgel3-deploy head` as a person and as a program use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from tests.head.datasets import make_esc50

NO_HIDDEN = ("--hidden", "none")


def test_train_then_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_esc50(tmp_path / "data")
    head = tmp_path / "head.npz"
    data = ["--data", str(tmp_path / "data"), "--format", "esc50", "--model", "bundled", "--json"]
    assert run(["head", "train", *data, "-o", str(head), "--hold-out", "3", *NO_HIDDEN]) == ExitCode.OK
    trained = json.loads(capsys.readouterr().out)
    assert trained["labels"] == ["high", "low"] and len(trained["compared"]) == 2
    assert head.is_file() and head.with_suffix(".html").read_text().startswith("<!doctype html>")
    assert run(["head", "test", str(head), *data]) == ExitCode.OK
    judged = json.loads(capsys.readouterr().out)
    assert judged["accuracy"] == 1 and judged["confusion"] == [[2, 0], [0, 2]] and judged["left_out"] == 8
    assert "macro_auprc" in judged
    assert run(["head", "test", str(head), *data[:-1]]) == ExitCode.OK
    assert "accuracy 100.0 % on 4 clips" in capsys.readouterr().out


@pytest.mark.parametrize("widths", ["64,32,16", "0", "many", "5000", "", "\u0663", "9" * 5_000])
def test_widths_that_do_not_work(tmp_path: Path, widths: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["head", "train", "--data", str(tmp_path), "--format", "folder", "--model", "bundled"]
    assert run([*command, "-o", str(tmp_path / "head.npz"), "--hidden", widths]) == ExitCode.USAGE
    assert "--hidden" in capsys.readouterr().err


def test_bad_data_is_one_line_with_its_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = make_esc50(tmp_path)
    (tmp_path / "audio" / "1-low-0.wav").unlink()
    command = ["head", "train", "--data", str(tmp_path), "--format", "esc50", "--model", "bundled"]
    assert run([*command, "-o", str(tmp_path / "head.npz")]) == ExitCode.BAD_INPUT
    first, *_ = capsys.readouterr().err.splitlines()
    assert f"{table}, line 2" in first and "is missing" in first
    assert not (tmp_path / "head.npz").exists()
