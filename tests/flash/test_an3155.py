"""The AN3155 client against answers given byte by byte."""

from __future__ import annotations

import pytest

from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash.an3155 import ACK, NACK, Bootloader


class ScriptedPort:
    """Replies are read in order, one list entry per `read_exactly`; None is silence."""

    path = "/dev/ttyTEST"

    def __init__(self, *replies: bytes | None) -> None:
        self.written: list[bytes] = []
        self._replies = list(replies)

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def read_exactly(self, count: int, timeout: float) -> bytes:
        reply = self._replies.pop(0) if self._replies else None
        return (reply or b"")[:count]

    def read(self, timeout: float) -> bytes:
        return b""

    def discard_input(self) -> None:
        pass


def conversation(*replies: bytes | None) -> tuple[Bootloader, ScriptedPort]:
    port = ScriptedPort(*replies)
    return Bootloader(port), port  # type: ignore[arg-type]


OK = bytes([ACK])
NO = bytes([NACK])


def test_a_fresh_bootloader_acknowledges_the_first_sync_byte() -> None:
    bootloader, port = conversation(OK)
    assert bootloader.synchronize()
    assert port.written == [b"\x7f"]


def test_a_synchronized_one_refuses_the_second() -> None:
    bootloader, port = conversation(None, NO)
    assert bootloader.synchronize()
    assert port.written == [b"\x7f", b"\x7f"]


def test_silence_and_foreign_bytes_are_no_bootloader() -> None:
    assert not conversation()[0].synchronize()
    assert not conversation(b"U", b"U")[0].synchronize()


def test_get_id_is_most_significant_byte_first() -> None:
    bootloader, port = conversation(OK, b"\x01", b"\x04\x51", OK)
    assert bootloader.device_id() == 0x451
    assert port.written == [b"\x02\xfd"]


def test_get_lists_commands_without_the_version() -> None:
    bootloader, _ = conversation(OK, b"\x03", b"\x31\x00\x02\x44", OK)
    assert bootloader.commands() == {0x00, 0x02, 0x44}


def test_write_sends_address_count_data_and_their_checksums() -> None:
    bootloader, port = conversation(OK, OK, OK)
    bootloader.write(0x08001234, b"\x11\x22\x33\x44")
    assert port.written == [b"\x31\xce", b"\x08\x00\x12\x34\x2e", b"\x03\x11\x22\x33\x44\x47"]


def test_erase_sends_sector_numbers() -> None:
    bootloader, port = conversation(OK, OK)
    bootloader.erase(0x105)
    assert port.written == [b"\x44\xbb", b"\x00\x00\x01\x05\x04"]


def test_read_sends_count_and_complement() -> None:
    bootloader, port = conversation(OK, OK, OK, b"abc")
    assert bootloader.read(0x08000000, 3) == b"abc"
    assert port.written == [b"\x11\xee", b"\x08\x00\x00\x00\x08", b"\x02\xfd"]


def test_go_sends_the_address() -> None:
    bootloader, port = conversation(OK, OK)
    bootloader.go(0x08000000)
    assert port.written == [b"\x21\xde", b"\x08\x00\x00\x00\x08"]


def test_a_foreign_byte_instead_of_an_acknowledgement_ends_it() -> None:
    with pytest.raises(FlashError, match="answers 0x55, which is no reply"):
        conversation(b"U")[0].erase(1)


def test_silence_that_no_synchronization_ends_is_reported() -> None:
    with pytest.raises(FlashError, match="stopped answering: reading at 0x08000000"):
        conversation(OK, OK, OK, b"ab")[0].read(0x08000000, 3)
