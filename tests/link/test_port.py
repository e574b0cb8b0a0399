"""Ports that cannot be opened, or vanish, say what to do; pseudo-terminals are ports."""

from __future__ import annotations

import os
import pty
from pathlib import Path

import pytest
import serial
from serial.tools import list_ports

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link import port as port_module
from edgel3_deploy.link.discover import PORTS_VARIABLE
from edgel3_deploy.link.port import is_pseudo_terminal, open_port
from tests.link.pty_device import PtyDevice


class Echo(PtyDevice):
    """Sends everything back in upper case."""

    def received(self, data: bytes) -> None:
        self.send(data.upper())


def test_bytes_go_both_ways() -> None:
    with Echo() as device, open_port(device.path, 115_200) as port:
        port.write(b"abc")
        assert port.read_exactly(3, timeout=60) == b"ABC"
        assert port.read(timeout=0.05) == b""
        assert (port.path, port.baudrate) == (device.path, 115_200)
        assert is_pseudo_terminal(device.path) and not is_pseudo_terminal("/dev/ttyS0")


def test_read_exactly_returns_what_came_before_silence() -> None:
    with Echo() as device, open_port(device.path, 115_200) as port:
        port.write(b"abc")
        assert port.read_exactly(1, timeout=60) == b"A"
        assert port.read_exactly(3, timeout=0.2) == b"BC"


def test_discard_input_forgets_what_came() -> None:
    with Echo() as device, open_port(device.path, 115_200) as port:
        port.write(b"stale")
        assert port.read_exactly(1, timeout=60) == b"S"
        port.discard_input()
        port.write(b"new")
        assert port.read_exactly(3, timeout=60) == b"NEW"


def test_even_parity_is_not_asked_of_a_pseudo_terminal() -> None:
    with Echo() as device, open_port(device.path, 57_600, parity="E") as port:
        port.write(b"x")
        assert port.read_exactly(1, timeout=60) == b"X"


def test_an_absent_port_suggests_the_nearest_and_lists_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORTS_VARIABLE, "/dev/ttyACM1:0483:374b, /dev/ttyS0:0:0")
    with pytest.raises(LinkError, match="there is no port /dev/ttyACM9") as caught:
        open_port("/dev/ttyACM9", 115_200)
    assert "Did you mean /dev/ttyACM1?" in caught.value.hint
    assert "/dev/ttyACM1, /dev/ttyS0" in caught.value.hint


def test_a_port_of_another_kind_is_not_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORTS_VARIABLE, "/dev/ttyS0:0:0")
    with pytest.raises(LinkError, match="there is no port /dev/ttyACM0") as caught:
        open_port("/dev/ttyACM0", 115_200)
    assert "Did you mean" not in caught.value.hint
    assert "/dev/ttyS0" in caught.value.hint


def test_no_port_at_all_points_to_the_virtual_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_ports, "comports", list)
    with pytest.raises(LinkError, match="there is no port /dev/ttyACM9") as caught:
        open_port("/dev/ttyACM9", 115_200)
    assert "--port virtual" in caught.value.hint


def test_a_port_is_owned_by_one_program() -> None:
    with Echo() as device, open_port(device.path, 115_200):
        with pytest.raises(LinkError, match="is busy") as caught:
            open_port(device.path, 115_200)
        assert f"fuser {device.path}" in caught.value.hint


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("FileNotFoundError(2, 'The system cannot find the file specified.', None, 2)", "there is no port"),
        ("PermissionError(13, 'Access is denied.', None, 5)", "is busy"),
        ("OSError(22, 'The parameter is incorrect.', None, 87)", "is not a usable serial port"),
    ],
)
def test_windows_says_why_in_words(reason: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise serial.SerialException(f"could not open port 'COM7': {reason}")

    monkeypatch.setattr(serial, "Serial", refuses)
    monkeypatch.setattr(list_ports, "comports", list)
    monkeypatch.setattr("edgel3_deploy.link.port.os.name", "nt")
    with pytest.raises(LinkError, match=said):
        open_port("COM7", 115_200)


def test_a_forbidden_port_names_the_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise serial.SerialException(13, "could not open port")

    monkeypatch.setattr(serial, "Serial", forbidden)
    with pytest.raises(LinkError, match="no permission") as caught:
        open_port(str(tmp_path), 115_200)
    assert "dialout" in caught.value.hint


@pytest.mark.parametrize("path", ["/dev/null", "/tmp", "/etc/hostname"])
def test_what_is_no_serial_port_is_refused(path: str) -> None:
    with pytest.raises(LinkError, match=f"{path} is not a usable serial port"):
        open_port(path, 115_200)


def test_an_impossible_rate_is_refused() -> None:
    with Echo() as device, pytest.raises(LinkError, match="cannot run at -5 baud"):
        open_port(device.path, -5)


def test_a_vanished_port_is_noticed_by_every_operation() -> None:
    master, slave = pty.openpty()
    with open_port(os.ttyname(slave), 115_200) as port:
        os.close(slave)
        os.close(master)
        for operation in (
            lambda: port.read(0.1),
            lambda: port.read_exactly(1, 0.1),
            lambda: port.write(b"x"),
            port.discard_input,
        ):
            with pytest.raises(LinkError, match="unplugged"):
                operation()


def test_a_board_that_takes_no_data_is_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_module, "_WRITE_TIMEOUT_SECONDS", 0.1)
    master, slave = pty.openpty()
    with open_port(os.ttyname(slave), 115_200) as port:
        with pytest.raises(LinkError, match="takes no data"):
            port.write(bytes(1_000_000))
        port.discard_input()
    os.close(slave)
    os.close(master)


@pytest.mark.parametrize(
    ("given", "meant"), [("AUTO", "auto"), ("virtuel", "virtual"), ("Virtual ", "virtual")]
)
def test_a_misspelt_word_for_a_port_is_suggested(given: str, meant: str) -> None:
    with pytest.raises(LinkError, match="there is no port") as caught:
        open_port(given, 115_200)
    assert f"Did you mean {meant}?" in caught.value.hint


@pytest.mark.parametrize(("path", "shown"), [("", "''"), (" ", "' '"), ("a\n\x1b[2J", r"a\\n\\x1b\[2J")])
def test_a_name_that_cannot_be_seen_is_shown(path: str, shown: str) -> None:
    with pytest.raises(LinkError, match=f"there is no port {shown}"):
        open_port(path, 115_200)
