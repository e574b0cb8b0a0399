"""Who answers on a port, asked of boards on pseudo-terminals."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.doctor import ask as module
from edgel3_deploy.doctor.ask import ask, ports_to_ask
from edgel3_deploy.link.answers import Announcement
from edgel3_deploy.link.discover import PortInfo
from tests.link.fake_board import FakeBoard
from tests.link.fake_loader import FakeLoaderBoard
from tests.link.pty_device import PtyDevice

BOARD = load_board("stm32f7")


class Silent(PtyDevice):
    """Never answers."""

    def received(self, data: bytes) -> None:
        pass


class Other(PtyDevice):
    """Another maker's firmware."""

    def received(self, data: bytes) -> None:
        self.send(b"Toggle every 100 ms led3 red\r\n")


def test_a_waiting_loader_says_why_and_what_to_do() -> None:
    with FakeLoaderBoard(BOARD) as device:
        finding = ask(BOARD, device.path)
    assert finding.facts["role"] == "loader"
    assert "loader of stm32f7" in finding.detail
    assert "slot 0 empty" in finding.detail
    assert "NO_IMAGE" in finding.detail
    assert finding.remedy == f"`edgel3-deploy flash --board stm32f7 --port {device.path}`"


def test_an_application_names_its_model_build_and_slots() -> None:
    data = b"image"
    image = Announcement(
        0x0801_8000, len(data), zlib.crc32(data), 7, bytes.fromhex("312b00fc359c") + bytes(26), "stm32f7"
    )
    with FakeLoaderBoard(BOARD, slots=2, has_fault=True) as device:
        device.install(0, image, data)
        finding = ask(BOARD, device.path)
    assert finding.facts["role"] == "application"
    assert "application of stm32f7, sea-64 (native), build 312b00fc359c" in finding.detail
    assert "slot 0 confirmed, version 7, slot 1 empty" in finding.detail
    assert "watchdog resets since power-on: 1" in finding.detail
    assert "fault on record" in finding.detail
    assert "addr2line" in finding.remedy


def test_asking_changes_nothing() -> None:
    with FakeLoaderBoard(BOARD) as device:
        ask(BOARD, device.path)
        assert set(device.requests) == {"hello", "identify", "read_reset", "read_image"}


def test_the_application_of_another_board_is_no_match() -> None:
    with FakeLoaderBoard(load_board("nucleo-f767zi")) as device:
        finding = ask(BOARD, device.path)
    assert finding.remedy == "This is not stm32f7: choose --board nucleo-f767zi, or another port."


def test_silence_is_told_from_other_firmware() -> None:
    with Silent() as device:
        finding = ask(BOARD, device.path)
    assert (finding.status, finding.facts) == ("note", {"role": None})
    assert "no answer" in finding.detail
    assert "program it once through its ST-LINK" in finding.remedy
    with Other() as device:
        finding = ask(BOARD, device.path)
    assert "not EdgeL3 firmware: it sends 'Toggle every 100 ms" in finding.detail


def test_firmware_of_another_protocol_version_is_named() -> None:
    with FakeBoard(version=1) as device:
        assert "speaks protocol version 1" in ask(BOARD, device.path).detail


def test_a_board_that_goes_away_meanwhile_is_no_traceback() -> None:
    with FakeBoard(unplug_at=1) as device:
        assert "unplugged" in ask(BOARD, device.path).detail


def test_a_port_that_is_no_port_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "not a usable serial port" in ask(BOARD, str(tmp_path / "file")).detail


def test_only_ports_that_may_be_the_boards_are_asked(
    have_ports: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "may_open", lambda device: device != "/dev/ttyACM9")
    v2_1, v3 = PortInfo("/dev/ttyACM0", 0x0483, 0x374B), PortInfo("/dev/ttyACM1", 0x0483, 0x374E)
    have_ports(v2_1, v3, PortInfo("/dev/ttyUSB0", 0x10C4, 0xEA60), PortInfo("/dev/ttyACM9", 0x0483, 0x374B))
    assert ports_to_ask(BOARD) == ("/dev/ttyACM0",)
    assert ports_to_ask(load_board("stm32h7")) == ("/dev/ttyACM1",)
    have_ports(v3)
    assert ports_to_ask(BOARD) == ("/dev/ttyACM1",)
