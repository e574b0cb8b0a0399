"""`plan`: the schedule, explained."""

from __future__ import annotations

import json

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode


def test_explains_kernels_strips_and_places(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "sea-64", "--board", "stm32f7"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "optimized for balanced" in shown
    assert "F(4x4,3x3)" in shown
    assert "dtcm +0x00000" in shown
    assert "modelled, not measured" in shown


def test_takes_the_bundled_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "bundled", "--board", "stm32f7"]) == ExitCode.OK
    assert "bundled on stm32f7" in capsys.readouterr().out


def test_goals_trade_flash_and_ram_for_instructions(capsys: pytest.CaptureFixture[str]) -> None:
    plans = {}
    for goal in ("speed", "balanced", "size"):
        assert run(["plan", "sea-64", "--board", "stm32f7", "--optimize", goal, "--json"]) == ExitCode.OK
        plans[goal] = json.loads(capsys.readouterr().out)
    ram = {goal: sum(plan["arenas"].values()) for goal, plan in plans.items()}
    cost = {goal: plan["modelled_instructions"] for goal, plan in plans.items()}
    assert cost["speed"] < cost["balanced"] < cost["size"]
    assert ram["size"] < min(ram["balanced"], ram["speed"])
    assert set(plans["size"]["arenas"]) == {"dtcm"}
