"""The files appear together; an earlier report survives what cannot be written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgel3_deploy.errors import UsageError
from edgel3_deploy.report import write as write_module
from edgel3_deploy.report import write_report
from tests.report.sample import sample_report


def test_the_files(tmp_path: Path) -> None:
    content = write_report(sample_report(), tmp_path / "deep" / "report")
    folder = tmp_path / "deep" / "report"
    assert sorted(path.name for path in folder.iterdir()) == [
        "junit.xml",
        "outputs.npz",
        "report.html",
        "report.json",
        "report.md",
    ]
    assert json.loads((folder / "report.json").read_text()) == content
    assert (folder / "report.html").read_text().startswith("<!doctype html>")


def test_a_report_replaces_the_one_before(tmp_path: Path) -> None:
    write_report(sample_report(wrong=((0, 0),)), tmp_path)
    write_report(sample_report(), tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "pass"


def test_an_earlier_report_survives_a_failure_to_render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(sample_report(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(_: object) -> str:
        raise MemoryError

    monkeypatch.setattr(write_module, "to_html", fail)
    with pytest.raises(MemoryError):
        write_report(sample_report(wrong=((0, 0),)), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        write_report(sample_report(), tmp_path / "file")
