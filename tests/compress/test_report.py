"""What a specialisation leaves behind: figures that a program can read, curves for people."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from edgel3_deploy.compress.report import learning_curves, report_json
from edgel3_deploy.compress.specialize import Request, Specialized
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.train.fidelity import Closeness
from edgel3_deploy.train.trainer import Recipe

CLOSENESS = Closeness(10, 0.9, 0.8, 0.7, 0.6, 0.5)


@pytest.fixture
def request_(teacher: FloatNetwork) -> Request:
    return Request(teacher, (), (4, 4, 4, 4, 8, 8, 8, 8), Recipe(windows=640))


@pytest.fixture
def result(teacher: FloatNetwork) -> Specialized:
    history = tuple({"step": step, "loss": 1 / step, **CLOSENESS.to_json()} for step in (10, 20))
    return Specialized(
        teacher, None, CLOSENESS, CLOSENESS, CLOSENESS, {"conv1": 0.1}, history, ("a.wav",), ()
    )


def test_the_report_says_how_the_student_was_made(request_: Request, result: Specialized) -> None:
    report = json.loads(report_json(request_, result, ["b.wav: left out"]))
    assert report["teacher"] == "teacher"
    assert report["recipe"]["windows"] == 640
    assert report["trained_on"] == ["a.wav"]
    assert report["closeness"] == report["mean_embedding"] == CLOSENESS.to_json()
    assert [entry["step"] for entry in report["history"]] == [10, 20]
    assert report["warnings"] == ["b.wav: left out"]


@pytest.mark.parametrize("measurements", [1, 2])
def test_the_curves_are_a_picture(measurements: int, request_: Request, result: Specialized) -> None:
    drawn = learning_curves(request_, replace(result, history=result.history[:measurements]))
    assert drawn.startswith(b"\x89PNG")
    assert drawn == learning_curves(request_, replace(result, history=result.history[:measurements]))
