"""Which port is the board's, from USB ids alone."""

from __future__ import annotations

import dataclasses

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.errors import LinkError, UsageError
from edgel3_deploy.link import discover
from edgel3_deploy.link.discover import PortInfo, find_port, likely_boards, serial_ports

V2_1 = PortInfo("/dev/ttyACM0", 0x0483, 0x374B, "066DFF5", "STMicroelectronics", "STM32 STLink")
V3 = PortInfo("/dev/ttyACM1", 0x0483, 0x374E, "0030003", "STMicroelectronics", "STLINK-V3")
ADAPTER = PortInfo("/dev/ttyUSB0", 0x10C4, 0xEA60, "0001", "Silicon Labs", "CP2102")
BUILT_IN = PortInfo("/dev/ttyS0")


def have(monkeypatch: pytest.MonkeyPatch, *ports: PortInfo) -> None:
    monkeypatch.delenv(discover.PORTS_VARIABLE, raising=False)
    monkeypatch.setattr(discover, "_machine_ports", lambda: list(ports))


def test_ports_come_sorted_with_their_usb_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, ADAPTER, V2_1, BUILT_IN)
    assert serial_ports() == (V2_1, BUILT_IN, ADAPTER)
    assert [port.usb_id for port in serial_ports()] == ["0483:374b", "", "10c4:ea60"]


def test_this_machine_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(discover.PORTS_VARIABLE, raising=False)
    assert all(port.device for port in serial_ports())


@pytest.mark.parametrize("pid", [0x374B, 0x374E, 0x374F, 0x3752, 0x3753, 0x3754])
def test_every_stlink_with_a_com_port_is_known(pid: int) -> None:
    assert dataclasses.replace(V2_1, pid=pid).probe


@pytest.mark.parametrize(
    ("port", "boards"),
    [(V2_1, {"stm32f7", "nucleo-f767zi"}), (V3, {"stm32h7"}), (ADAPTER, set()), (BUILT_IN, set())],
)
def test_the_stlink_tells_which_boards_it_may_sit_on(port: PortInfo, boards: set[str]) -> None:
    assert set(likely_boards(port)) == boards
    assert all(load_board(name).debug for name in boards)


def test_another_makers_device_with_the_same_product_id_is_no_stlink() -> None:
    assert dataclasses.replace(V2_1, vid=0x1234).probe is None


@pytest.mark.parametrize("board", ["stm32f7", "nucleo-f767zi", "stm32h7"])
@pytest.mark.parametrize("only", [V2_1, V3])
def test_the_only_stlink_is_the_board(monkeypatch: pytest.MonkeyPatch, board: str, only: PortInfo) -> None:
    """Even of the other generation: an external ST-LINK may be wired to the board."""
    have(monkeypatch, ADAPTER, only, BUILT_IN)
    assert find_port(load_board(board)) == only.device


def test_of_two_stlinks_the_one_of_the_boards_generation_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, V2_1, V3)
    assert find_port(load_board("nucleo-f767zi")) == V2_1.device
    assert find_port(load_board("stm32h7")) == V3.device


def test_of_two_alike_none_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    other = dataclasses.replace(V2_1, device="/dev/ttyACM2", serial_number="0670FF4")
    have(monkeypatch, V2_1, other)
    with pytest.raises(LinkError, match=r"several ports may be") as caught:
        find_port(load_board("stm32f7"))
    for port in (V2_1, other):
        assert port.device in caught.value.message
        assert port.serial_number in caught.value.message
    assert "--port /dev/ttyACM0" in caught.value.hint


def test_without_an_stlink_the_other_ports_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, ADAPTER)
    with pytest.raises(LinkError, match="no ST-LINK port") as caught:
        find_port(load_board("stm32f7"))
    assert "/dev/ttyUSB0 (CP2102, 10c4:ea60, serial number 0001)" in caught.value.message
    assert "USB cable" in caught.value.hint


def test_without_any_port_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch)
    with pytest.raises(LinkError, match="no serial port at all"):
        find_port(load_board("stm32h7"))


def test_a_board_of_qemu_has_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, V2_1)
    with pytest.raises(LinkError, match="only as a virtual board"):
        find_port(load_board("mps2-an500"))


def test_ports_can_be_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(discover.PORTS_VARIABLE, "/dev/pts/7:0483:374b, COM3:10C4:EA60,")
    assert set(serial_ports()) == {PortInfo("/dev/pts/7", 0x0483, 0x374B), PortInfo("COM3", 0x10C4, 0xEA60)}
    assert find_port(load_board("nucleo-f767zi")) == "/dev/pts/7"


def test_no_ports_can_be_declared_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(discover.PORTS_VARIABLE, "")
    assert serial_ports() == ()


@pytest.mark.parametrize("entry", ["/dev/pts/7", "/dev/pts/7:0483", "/dev/pts/7:stm:link"])
def test_a_declaration_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    monkeypatch.setenv(discover.PORTS_VARIABLE, entry)
    with pytest.raises(UsageError, match="is not DEVICE:VID:PID"):
        serial_ports()
