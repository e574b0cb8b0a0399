"""What each way of programming a board needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import Board
from edgel3_deploy.doctor import ways
from edgel3_deploy.doctor.finding import Finding
from edgel3_deploy.doctor.ways import examine_ways
from edgel3_deploy.link.discover import PortInfo
from tests.doctor.conftest import Install

HavePorts = Callable[..., None]
STLINK = PortInfo("/dev/ttyACM0", 0x0483, 0x374E)
ADAPTER = PortInfo("/dev/ttyUSB0", 0x10C4, 0xEA60)


@pytest.fixture(autouse=True)
def bare_machine(install: Install, have_ports: HavePorts, monkeypatch: pytest.MonkeyPatch) -> None:
    """No programs, ports or drives but those that a test adds."""
    monkeypatch.setattr(ways, "find_drive", lambda label: None)


def found(board: Board | str) -> dict[str, Finding]:
    board = load_board(board) if isinstance(board, str) else board
    return {finding.name: finding for finding in examine_ways(board)}


@pytest.mark.parametrize("board", ["stm32f7", "nucleo-f767zi", "stm32h7"])
def test_every_board_of_silicon_lists_all_ways(board: str) -> None:
    assert set(found(board)) == {"virtual", "serial", "openocd", "pyocd", "drive", "rom"}


def test_qemus_board_is_virtual_only(install: Install) -> None:
    assert {name: finding.status for name, finding in found("mps2-an500").items()} == {"virtual": "missing"}
    install("qemu-system-arm")
    assert found("mps2-an500")["virtual"].status == "ok"


def test_serial_wants_an_stlink_port(have_ports: HavePorts) -> None:
    assert found("stm32h7")["serial"].status == "note"
    have_ports(STLINK)
    assert found("stm32h7")["serial"].detail == "--port auto, 115200 baud, once the loader is on it"


@pytest.mark.parametrize("tool", ["openocd", "pyocd"])
def test_a_debug_tool_is_missing_until_it_is_installed(tool: str, install: Install) -> None:
    assert (found("stm32h7")[tool].status, bool(found("stm32h7")[tool].remedy)) == ("missing", True)
    install(tool)
    assert found("stm32h7")[tool].status == "ok"


def test_a_board_that_names_no_target_of_a_tool_says_what_to_add() -> None:
    board = load_board("stm32f7")
    assert board.debug is not None
    nameless = dataclasses.replace(board, debug=dataclasses.replace(board.debug, pyocd_target=""))
    assert 'pyocd_target = "stm32f767zi"' in found(nameless)["pyocd"].remedy


def test_a_drive_is_looked_for_by_its_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found("stm32f7")["drive"]
    assert (finding.status, finding.facts) == ("note", {"label": "DIS_F769NI", "folder": None})
    monkeypatch.setattr(ways, "find_drive", lambda label: tmp_path if label == "DIS_F769NI" else None)
    assert found("stm32f7")["drive"].detail == f"--via drive, DIS_F769NI at {tmp_path}"


def test_what_the_stlink_complains_of_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "find_drive", lambda label: tmp_path)
    (tmp_path / "FAIL.TXT").write_bytes(
        b"The interface firmware FAILED to reset/halt the target MCU\r\n\x1b[2J"
    )
    finding = found("stm32f7")["drive"]
    assert finding.status == "note"
    assert finding.facts["failure"].startswith("The interface firmware FAILED to reset/halt the target MCU")
    assert "\x1b" not in finding.detail


def test_the_rom_of_the_discovery_board_is_deaf() -> None:
    finding = found("stm32f7")["rom"]
    assert finding.detail.startswith("cannot work here: PA5")


def test_the_rom_of_a_nucleo_wants_an_adapter(have_ports: HavePorts) -> None:
    finding = found("nucleo-f767zi")["rom"]
    assert finding.status == "note"
    assert "PA9" in finding.remedy
    assert "CN11" in finding.remedy
    have_ports(STLINK, ADAPTER)
    finding = found("nucleo-f767zi")["rom"]
    assert (finding.status, finding.facts) == ("ok", {"adapters": ["/dev/ttyUSB0"]})
