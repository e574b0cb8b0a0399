"""`specialize` from the command line, small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.models.weights import read_weights
from tests.models.synthetic_weights import random_weights


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    return random_weights(tmp_path / "teacher.h5", (2, 2, 2, 3))


@pytest.mark.slow
def test_a_student_its_report_and_its_curves_are_written(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow")
    output = tmp_path / "student.h5"
    options = ["--windows", "32", "--batch-size", "8", "--student", "2,2,2,2", "-o", str(output), "--json"]
    assert run(["specialize", "--teacher", str(teacher), *options]) == ExitCode.OK
    report = json.loads(capsys.readouterr().out)
    assert report["recipe"]["windows"] == 32
    assert read_weights(output).embedding == 2
    assert sorted(path.name for path in tmp_path.glob("student.*")) == [
        "student.curves.png",
        "student.h5",
        "student.projection.npz",
        "student.report.json",
    ]
