"""docs/boards.md says what the board files say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgel3_deploy.boards import board_names, load_board
from edgel3_deploy.boards.board import I2sMicrophone
from edgel3_deploy.boards.sample_rate import sample_rate
from edgel3_deploy.link.discover import STLINKS, PortInfo, likely_boards

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "boards.md").read_text()
SILICON = [name for name in board_names() if load_board(name).debug]


def row(board: str) -> str:
    """The board's line in the table at the top."""
    return next(line for line in PAGE.splitlines() if line.startswith(f"| [`{board}`]"))


def section(title: str) -> str:
    """What stands below a heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", board_names())
def test_every_board_has_a_row_and_a_section(name: str) -> None:
    anchor = re.search(r"\(#([a-z0-9-]+)\)", row(name))
    assert anchor
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert anchor[1] in [heading.lower().replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("name", SILICON)
def test_drive_serial_pins_and_light_are_the_board_files(name: str) -> None:
    board = load_board(name)
    assert board.debug and board.led
    for fact in (f"`{board.debug.drive}`", board.uart.instance, board.uart.tx, board.uart.rx, board.led.pin):
        assert fact in row(name)


@pytest.mark.parametrize("name", SILICON)
def test_names_of_debug_tools_are_the_board_files(name: str) -> None:
    board = load_board(name)
    assert board.debug
    for fact in (board.debug.openocd_config, board.debug.pyocd_target, board.debug.drive):
        assert f"`{fact}`" in section(board.title)


@pytest.mark.parametrize("name", SILICON)
def test_usb_ids_are_those_by_which_the_board_is_found(name: str) -> None:
    found = re.search(r"\(0483:([0-9a-f]{4})\)", row(name))
    assert found
    port = PortInfo("/dev/ttyACM0", 0x0483, int(found[1], 16))
    assert port.pid in STLINKS
    assert name in likely_boards(port)


@pytest.mark.parametrize("name", SILICON)
def test_boards_with_a_deaf_rom_are_told_from_the_others(name: str) -> None:
    board = load_board(name)
    assert board.bootloader
    assert (board.title in section("The ROM bootloader, with an adapter")) and (
        bool(board.bootloader.deaf) == ("deaf" in section(board.title))
    )


@pytest.mark.parametrize("name", SILICON)
def test_microphones_are_wired_as_the_board_files_say(name: str) -> None:
    board = load_board(name)
    assert board.microphone
    for pin in board.microphone.pins.values():
        assert pin in section(board.title)
    if isinstance(board.microphone, I2sMicrophone):
        rows = [line for line in section("An I2S microphone").splitlines() if line.startswith("|")]
        signals = {"clock": "SCK", "select": "WS", "data": "SD"}
        for key, pin in board.microphone.pins.items():
            assert any(line.startswith(f"| {signals[key]} |") and f"| {pin} |" in line for line in rows)
        pll = board.microphone.pll
        assert pll
        factors = " / ".join(str(factor) for factor in (pll.p, pll.divider) if factor > 1)
        (line,) = (line for line in rows if line.startswith(f"| {board.title} |"))
        assert f"{board.clock.hse_hz // 10**6} MHz / {pll.m} x {pll.n} / {factors} |" in line
        assert f"| {sample_rate(board):,.0f} Hz |" in line
