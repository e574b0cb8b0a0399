"""`boards` and `boards show`."""

from __future__ import annotations

import json

import pytest

from edgel3_deploy.cli.main import run


def test_lists_the_four_boards(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", "--json"]) == 0
    listed = {board["name"]: board for board in json.loads(capsys.readouterr().out)["boards"]}
    assert set(listed) == {"stm32f7", "nucleo-f767zi", "stm32h7", "mps2-an500"}
    assert listed["stm32f7"]["flash"] == 2 << 20
    assert listed["stm32f7"]["ram"] == 512 << 10


def test_shows_a_board_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", "show", "stm32f7"]) == 0
    shown = capsys.readouterr().out
    assert "STM32F769" in shown
    assert "USART1, TX PA9, RX PA10" in shown
    assert "0x20000000" in shown


def test_shows_how_a_board_is_flashed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", "show", "nucleo-f767zi"]) == 0
    shown = capsys.readouterr().out
    assert "loader      first 32 KB" in shown
    assert "settings    64 KB of the flash at 0x08008000" in shown
    assert "LED         PB0, on when high" in shown
    assert "BOOT0       CN11 pin 7" in shown
    assert "adapter     RX to PA9" in shown
    assert "38400 baud 8E1" in shown
    assert "USB drive NODE_F767ZI" in shown


def test_says_why_a_rom_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", "show", "stm32f7"]) == 0
    shown = capsys.readouterr().out
    assert "silent: PA5" in shown
    assert "adapter" not in shown


def test_shows_no_crystal_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", "show", "mps2-an500"]) == 0
    shown = capsys.readouterr().out
    assert "clock       25 MHz\n" in shown
    assert "link        UART0, 115200 baud\n" in shown
    assert "loader" not in shown
