"""`check`: the verdict before any compiler runs."""

from __future__ import annotations

import json

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode


def test_family_name_is_judged_by_its_shape(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "sea-64", "--board", "stm32f7", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["verdict"] == "fits"


def test_the_bundled_model_is_judged_by_its_shape(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = []
    for name in ("sea-64", "bundled"):
        assert run(["check", name, "--board", "stm32f7", "--json"]) == ExitCode.OK
        verdicts.append(json.loads(capsys.readouterr().out) | {"model": ""})
    assert verdicts[0] == verdicts[1]


def test_over_budget_has_its_exit_code_and_says_what_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "sea-512", "--board", "stm32f7"]) == ExitCode.OVER_BUDGET
    shown = capsys.readouterr().out
    assert "verdict: over" in shown
    assert "sea-256" in shown


@pytest.mark.parametrize("size", ["9" * 5_000, "\u0663K", "0", "-1", "1.5K"])
def test_what_is_no_size_is_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "sea-64", "--board", "stm32f7", "--ram", size]) == ExitCode.USAGE
    assert "is no size: give bytes" in capsys.readouterr().err


def test_missing_model_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "none.tflite", "--board", "stm32f7"]) == ExitCode.BAD_INPUT
    assert "none.tflite" in capsys.readouterr().err
