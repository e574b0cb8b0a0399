"""The choice of the way, what cannot be combined, and the board's own word after every way."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import BadInputError, FlashError, LinkError, UsageError
from edgel3_deploy.flash import confirm as confirm_module
from edgel3_deploy.flash import flash, flash_build
from edgel3_deploy.link import probe
from edgel3_deploy.link.codec import Value
from edgel3_deploy.link.discover import PORTS_VARIABLE
from tests.flash.applications import write_bare_build, write_build
from tests.flash.conftest import FakeTool
from tests.flash.fake_bootloader import FakeBootloader
from tests.flash.images import image_for
from tests.flash.test_openocd import WORKS
from tests.link.fake_board import FakeBoard
from tests.link.fake_loader import FakeLoaderBoard
from tests.link.pty_device import PtyDevice

BOARD = load_board("nucleo-f767zi")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm_module, "_START_SECONDS", 2.0)
    monkeypatch.setattr(probe, "USUAL_RATES", (9_600,))
    monkeypatch.setenv(PORTS_VARIABLE, "")


def plugged_in(monkeypatch: pytest.MonkeyPatch, *devices: str) -> None:
    """The ST-LINKs of these ports are what USB shows."""
    monkeypatch.setenv(PORTS_VARIABLE, ",".join(f"{device}:0483:374b" for device in devices))


class Silence(PtyDevice):
    """Swallows everything."""

    def received(self, data: bytes) -> None:
        pass


def board_with(build: Any) -> FakeLoaderBoard:
    """A board onto which this build has been programmed already, by a tool that tests stand in for."""
    from edgel3_deploy.flash.application import read_application

    board = FakeLoaderBoard(build.board)
    application = read_application(build.directory / "application.bin", build.board)
    board.install(0, application.announcement, application.image)
    return board


def test_an_unknown_tool_lists_the_known_ones(tmp_path: Path, stm32f7: Board) -> None:
    with pytest.raises(UsageError, match="unknown flash tool 'dfu'") as caught:
        flash(image_for(stm32f7, 100), stm32f7, None, via="dfu")
    assert "openocd, pyocd, drive, rom" in caught.value.hint
    with pytest.raises(UsageError, match="unknown flash tool 'dfu'") as caught:
        flash_build(write_build(tmp_path, BOARD), None, via="dfu")
    assert "serial, openocd" in caught.value.hint


def test_no_tool_is_started_for_an_unusable_image(stm32f7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("openocd", "")
    with pytest.raises(BadInputError, match="does not belong to stm32f7"):
        flash(b"not firmware", stm32f7, None, via="openocd")
    assert fake_tool.calls == []


def test_the_result_is_plain_json(tmp_path: Path) -> None:
    build = write_build(tmp_path, BOARD)
    with FakeLoaderBoard(BOARD) as board:
        result = flash_build(build, board.path).to_json()
    assert result == {
        "tool": "loader",
        "bytes_written": 70_001,
        "sectors": [3, 4],
        "verified": True,
        "slot": 0,
        "crc": result["crc"],
        "build_id": build.manifest.build_id,
        "confirmed_by_board": True,
        "notes": [],
    }
    assert len(result["crc"]) == 8


def test_the_loader_is_the_default_where_a_port_is_named(tmp_path: Path) -> None:
    stages: list[str] = []
    with FakeLoaderBoard(BOARD) as board:
        result = flash_build(
            write_build(tmp_path, BOARD), board.path, progress=lambda stage, *_: stages.append(stage)
        )
        assert stages[0] == f"flashing through the loader on {board.path}"
    assert result.confirmed_by_board


@pytest.mark.parametrize("port", ["auto", None])
def test_the_one_port_that_looks_like_the_board_is_found(
    port: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeLoaderBoard(BOARD) as board:
        plugged_in(monkeypatch, board.path)
        assert flash_build(write_build(tmp_path, BOARD), port).confirmed_by_board


def test_no_port_at_all_says_what_to_do_the_first_time(tmp_path: Path) -> None:
    with pytest.raises(LinkError) as caught:
        flash_build(write_build(tmp_path, BOARD), None)
    assert "edgel3-deploy flash --board nucleo-f767zi --via openocd" in caught.value.hint


def test_a_blank_board_says_what_to_do_the_first_time_for_that_board(tmp_path: Path) -> None:
    with (
        Silence() as device,
        pytest.raises(FlashError, match=f"no loader answers on {device.path}") as caught,
    ):
        flash_build(write_build(tmp_path, BOARD), device.path)
    for words in ("USB drive is NODE_F767ZI", "--via openocd", "pyocd, or drive", "RX to PA9", "CN11 pin 7"):
        assert words in caught.value.hint


def test_a_board_with_a_deaf_rom_is_not_sent_there(tmp_path: Path, stm32f7: Board) -> None:
    with Silence() as device, pytest.raises(FlashError, match="no loader answers") as caught:
        flash_build(write_build(tmp_path, stm32f7), device.path)
    assert "DIS_F769NI" in caught.value.hint
    assert "--via rom" not in caught.value.hint


def test_other_firmware_is_quoted(tmp_path: Path) -> None:
    class Demo(PtyDevice):
        def received(self, data: bytes) -> None:
            self.send(b"STM32F769I-DISCO demo 1.2.0\r\n")

    with Demo() as device, pytest.raises(FlashError, match=r"it sends 'STM32F769I-DISCO demo 1\.2\.0 "):
        flash_build(write_build(tmp_path, BOARD), device.path)


def test_firmware_of_another_protocol_version_is_replaced_through_the_st_link(tmp_path: Path) -> None:
    with (
        FakeBoard(version=1) as board,
        pytest.raises(FlashError, match="speaks protocol version 1, this edgel3-deploy speaks") as caught,
    ):
        flash_build(write_build(tmp_path, BOARD), board.path)
    assert "--via openocd" in caught.value.hint


def test_a_bare_build_has_no_default_way(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no loader that could be updated") as caught:
        flash_build(write_bare_build(tmp_path, BOARD), "/dev/ttyACM0")
    assert "--via openocd, pyocd, drive, rom" in caught.value.hint


def test_after_openocd_the_board_is_asked_on_the_named_port(tmp_path: Path, fake_tool: FakeTool) -> None:
    fake_tool.install("openocd", WORKS)
    build = write_build(tmp_path, BOARD)
    with board_with(build) as board:
        result = flash_build(build, board.path, via="openocd")
    assert (result.tool, result.verified, result.confirmed_by_board) == ("openocd", True, True)
    assert result.bytes_written == (tmp_path / "application.bin").stat().st_size + 9_000


def test_after_openocd_the_board_is_asked_on_the_port_that_is_found(
    tmp_path: Path, fake_tool: FakeTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tool.install("openocd", WORKS)
    build = write_build(tmp_path, BOARD)
    with board_with(build) as board:
        plugged_in(monkeypatch, board.path)
        assert flash_build(build, None, via="openocd").confirmed_by_board


def test_without_a_port_it_is_said_that_nothing_was_compared(tmp_path: Path, fake_tool: FakeTool) -> None:
    fake_tool.install("openocd", WORKS)
    result = flash_build(write_build(tmp_path, BOARD), None, via="openocd")
    assert result.verified and not result.confirmed_by_board
    assert "not compared with what the board reports: no port was named" in result.notes[0]


def test_another_board_on_a_port_that_was_found_is_no_failure(
    tmp_path: Path, fake_tool: FakeTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tool.install("openocd", WORKS)
    with FakeLoaderBoard(BOARD, identity={"board": "other"}) as board:
        plugged_in(monkeypatch, board.path)
        result = flash_build(write_build(tmp_path, BOARD), None, via="openocd")
    assert "not compared" in result.notes[0]


def test_a_board_that_stays_silent_after_openocd_is_a_failure(tmp_path: Path, fake_tool: FakeTool) -> None:
    fake_tool.install("openocd", WORKS)
    with Silence() as device, pytest.raises(FlashError, match="does not say so itself: no answer"):
        flash_build(write_build(tmp_path, BOARD), device.path, via="openocd")


def test_a_board_that_runs_another_build_after_openocd_is_a_failure(
    tmp_path: Path, fake_tool: FakeTool
) -> None:
    fake_tool.install("openocd", WORKS)
    (tmp_path / "former").mkdir()
    with (
        board_with(write_build(tmp_path / "former", BOARD, seed="another")) as board,
        pytest.raises(FlashError, match=r"runs build \w+, not the build \w+ that was programmed"),
    ):
        flash_build(write_build(tmp_path, BOARD), board.path, via="openocd")


def test_a_bare_image_is_compared_by_the_crc_of_its_own_bytes(tmp_path: Path, fake_tool: FakeTool) -> None:
    import zlib

    build = write_bare_build(tmp_path, BOARD)
    content = build.bin.read_bytes()

    class Bare(FakeBoard):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.crc = zlib.crc32(content[:4_992])

        def _read_image(self, values: Any) -> Any:
            known = {"origin": BOARD.flash.origin, "size": 4_992, "crc": self.crc, "build_id": bytes(32)}
            rest = dict.fromkeys(
                ("slot", "state", "slots", "capacity", "header_crc", "version", "sequence"), 0
            )
            return {**rest, **known}

    identity: dict[str, Value] = {"board": BOARD.name, "build_id": bytes.fromhex(build.manifest.build_id)}
    fake_tool.install("openocd", WORKS)
    with Bare(identity=identity) as board:
        assert flash_build(build, board.path, via="openocd").crc == board.crc
        board.crc ^= 1
        with pytest.raises(FlashError, match="computes CRC"):
            flash_build(build, board.path, via="openocd")


def test_the_rom_is_reached_through_an_adapter_and_the_board_is_asked_on_its_own_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = write_build(tmp_path, BOARD)
    with FakeBootloader(BOARD) as chip, board_with(build) as board:
        plugged_in(monkeypatch, board.path)
        result = flash_build(build, chip.path, via="rom")
    assert chip.flash[:9_000] == image_for(BOARD, 9_000)
    assert chip.started_at == BOARD.flash.origin
    assert (result.tool, result.confirmed_by_board) == ("ROM bootloader", True)


def test_the_adapters_port_cannot_be_guessed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="behind an adapter"):
        flash_build(write_build(tmp_path, BOARD), "auto", via="rom")


def test_what_a_board_lacks_is_not_offered(tmp_path: Path) -> None:
    board = dataclasses.replace(BOARD, debug=None)
    build = write_build(tmp_path, board)
    with Silence() as device, pytest.raises(FlashError) as caught:
        flash_build(build, device.path)
    assert "openocd" not in caught.value.hint
    assert "--via rom" in caught.value.hint
