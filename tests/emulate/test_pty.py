from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import serial

from edgel3_deploy.emulate.pty import Pty
from tests.emulate.conftest import Build
from tests.link.pty_device import number_held


@pytest.fixture
def pty() -> Iterator[Pty]:
    made = Pty()
    yield made
    made.close()


def test_bytes_pass_unchanged_both_ways(pty: Pty) -> None:
    every_byte = bytes(range(256))
    with serial.Serial(pty.path, 115_200, timeout=60) as terminal:
        terminal.write(every_byte)
        got = b""
        while len(got) < len(every_byte):
            pty.wait(1)
            got += pty.read()
        assert got == every_byte
        pty.write(every_byte)
        assert terminal.read(256) == every_byte


def test_tells_the_speed_that_the_client_chose(pty: Pty) -> None:
    for speed in (9_600, 115_200, 921_600, 250_001):
        with serial.Serial(pty.path, speed):
            assert pty.baudrate == speed


def test_what_is_sent_to_nobody_is_lost(pty: Pty) -> None:
    assert pty.read() == b""
    pty.write(b"nobody")
    descriptor = os.open(pty.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        os.read(descriptor, 10)
    os.close(descriptor)


def test_a_client_that_does_not_read_does_not_stop_the_board(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgel3_deploy.emulate.pty._FULL_SECONDS", 0.01)
    with serial.Serial(pty.path, 115_200):
        assert pty.read() == b""
        pty.write(bytes(1_000_000))


def test_closing_removes_the_path() -> None:
    pty = Pty()
    with number_held(pty.path):
        pty.close()
        assert not os.path.exists(pty.path)  # noqa: PTH110


def test_clients_come_and_go(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        for _ in range(10):
            with virtual.terminal() as terminal:
                terminal.write(b"??????")
            assert virtual.ask("?")[0] == "f7"
