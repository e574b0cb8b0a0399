"""`edgel3-deploy report diff` on reports as validate writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.report.write import write_report
from tests.report.sample import sample_report


@pytest.fixture
def reports(tmp_path: Path) -> tuple[str, str]:
    write_report(sample_report(body="qemu"), tmp_path / "a")
    write_report(sample_report(body="qemu", counter=8_801_100), tmp_path / "b")
    return str(tmp_path / "a"), str(tmp_path / "b")


def test_it_prints_what_changed(reports: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "diff", *reports]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["what", "A", "B", "change"]
    assert [line.split()[-3:] for line in lines[1:]] == [["8,001,000", "8,801,100", "+10.00%"]]


def test_as_json(reports: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "diff", *reports, "--json"]) == ExitCode.OK
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert change["name"] == "instructions per inference"
    assert (change["before"], change["after"]) == (8_001_000, 8_801_100)


def test_equal_reports(reports: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "diff", reports[0], reports[0]]) == ExitCode.OK
    assert capsys.readouterr().out == "no difference but the time\n"


def test_a_folder_without_report_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "diff", str(tmp_path), str(tmp_path)]) == ExitCode.BAD_INPUT
    assert "report.json" in capsys.readouterr().err
