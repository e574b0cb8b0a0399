"""Who is behind a port is found out, and each has its own message."""

from __future__ import annotations

import dataclasses
import subprocess
import termios
from pathlib import Path

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import LinkError
from edgel3_deploy.link import probe
from edgel3_deploy.link.diagnosis import UnansweredError
from edgel3_deploy.link.probe import session
from edgel3_deploy.link.protocol import Role
from tests.link.fake_board import FakeBoard
from tests.link.fake_loader import FakeLoaderBoard
from tests.link.pty_device import Chatters, PtyDevice

BOARD = load_board("nucleo-f767zi")


class Silence(PtyDevice):
    """Swallows everything."""

    def received(self, data: bytes) -> None:
        pass


class AtRate(FakeBoard):
    """Understands only what comes at its own baud rate."""

    def __init__(self, speed: int) -> None:
        super().__init__()
        self._speed = speed

    def received(self, data: bytes) -> None:
        if termios.tcgetattr(self._slave)[5] == self._speed:
            super().received(data)


class Rom(PtyDevice):
    """Refuses what is no command, as a ROM bootloader does that knows its baud rate; deaf to other rates."""

    def __init__(self) -> None:
        super().__init__()
        self._pending = 0

    def received(self, data: bytes) -> None:
        if termios.tcgetattr(self._slave)[5] == termios.B38400:
            commands, self._pending = divmod(self._pending + len(data), 2)
            self.send(b"\x1f" * commands)


def test_the_application_answers() -> None:
    with FakeBoard() as board, session(BOARD, board.path) as found:
        assert found.role is Role.APPLICATION
        assert found.client.identify().board == "stm32f7"


def test_the_loader_answers() -> None:
    with FakeLoaderBoard(BOARD) as board, session(BOARD, board.path) as found:
        assert found.role is Role.LOADER


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices that answer at one rate only are looked for as long as they take."""
    monkeypatch.setattr(probe, "_PROBE_SECONDS", 2.0)


@pytest.mark.usefixtures("patient")
def test_another_baud_rate_is_found_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "USUAL_RATES", (38_400, 57_600, 115_200))
    with (
        AtRate(termios.B57600) as board,
        pytest.raises(LinkError, match="answers at 57600 baud, not at the 115200 baud") as caught,
        session(BOARD, board.path),
    ):
        pass
    assert "uart.baudrate = 57600" in caught.value.hint


@pytest.mark.usefixtures("patient")
def test_the_rom_bootloader_is_named() -> None:
    with (
        Rom() as device,
        pytest.raises(LinkError, match="at 38400 baud is an STM32 ROM bootloader"),
        session(BOARD, device.path),
    ):
        pass


def test_silence_stays_silence() -> None:
    board = dataclasses.replace(BOARD, bootloader=None)
    with (
        Silence() as device,
        pytest.raises(UnansweredError, match="no answer from the board") as caught,
        session(board, device.path),
    ):
        pass
    assert caught.value.noise == b""


def test_a_device_that_sends_bytes_without_end_is_not_asked_at_every_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(path: str, rate: int) -> bool:
        pytest.fail(f"asked at {rate} baud")

    for question in ("answers_as_rom", "_answers_at"):
        monkeypatch.setattr(probe, question, asked)
    with (
        Chatters(bytes(range(128, 168)), 0.02) as device,
        pytest.raises(UnansweredError, match="unreadable bytes"),
        session(BOARD, device.path),
    ):
        pass


def test_who_reads_from_the_port_besides_us_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "is_pseudo_terminal", lambda path: False)
    with Silence() as device, Path(device.path).open("rb") as port:
        reader = subprocess.Popen(["sleep", "60"], stdin=port)
        try:
            with (
                pytest.raises(UnansweredError, match=r"no answer .*, while sleep .* too") as caught,
                session(BOARD, device.path),
            ):
                pass
        finally:
            reader.kill()
            reader.wait()
        assert "Close that program" in caught.value.hint
