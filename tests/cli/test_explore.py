"""`explore` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from tests.models.synthetic_weights import random_weights


def test_prints_a_table_and_draws_a_plot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edgel3_deploy.compress.explore.FAMILY", ())
    monkeypatch.setattr("edgel3_deploy.compress.explore.PLANS", {})
    model, plot = random_weights(tmp_path / "mine.h5", (4, 4, 8, 8)), tmp_path / "plot.png"
    options = ["--board", "stm32f7", "--model", str(model), "--plot", str(plot)]
    assert run(["explore", *options]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "stm32f7: 2,097,152 bytes of flash, 524,288 bytes of RAM" in shown
    assert "mine conv5" in shown
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_json_has_a_row_for_each_goal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edgel3_deploy.compress.explore.FAMILY", ())
    monkeypatch.setattr("edgel3_deploy.compress.explore.PLANS", {})
    model = random_weights(tmp_path / "mine.h5", (4, 4, 8, 8))
    options = ["--board", "stm32f7", "--model", str(model), "--plot", str(tmp_path / "plot.png")]
    assert run(["explore", *options, "--json"]) == ExitCode.OK
    rows = json.loads(capsys.readouterr().out)["variants"]
    assert {"nonzeros", "sparsity", "instructions", "flash", "ram", "fidelity"} <= rows[0].keys()
    assert {row["optimize"] for row in rows if row["name"] == "mine"} == {"speed", "balanced", "size"}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--model", "nosuch"], ExitCode.USAGE),
        (["--model", "nosuch.h5"], ExitCode.BAD_INPUT),
        (["--audio", "nosuch"], ExitCode.BAD_INPUT),
        (["--plot", "/proc/nosuch/plot.png"], ExitCode.USAGE),
        (["--plot", "nosuch.h5"], ExitCode.USAGE),
    ],
)
def test_what_cannot_work_is_refused_before_any_work(
    options: list[str], code: ExitCode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr("edgel3_deploy.compress.explore.read_weights")
    assert run(["explore", "--board", "stm32f7", *options]) == code
    assert "nosuch" in capsys.readouterr().err
