"""`boards` and `boards show`."""

from __future__ import annotations

import json

import pytest

from edgel3_deploy.cli.main import run


def test_lists_the_four_boards(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", "--json"]) == 0
    listed = {board["name"]: board for board in json.loads(capsys.readouterr().out)}
    assert set(listed) == {"stm32f7", "nucleo-f767zi", "stm32h7", "mps2-an500"}
    assert listed["stm32f7"]["flash"] == 2 << 20
    assert listed["stm32f7"]["ram"] == 512 << 10


def test_shows_a_board_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", "show", "stm32f7"]) == 0
    shown = capsys.readouterr().out
    assert "STM32F769" in shown
    assert "USART1, TX PA9, RX PA10" in shown
    assert "0x20000000" in shown
