"""The AN3155 client against answers given byte by byte."""

from __future__ import annotations

import functools
import operator
from typing import cast

import pytest

from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash.an3155 import ACK, NACK, BlockDamagedError, Bootloader
from edgel3_deploy.link.port import Port


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
        return self.read_exactly(256, timeout)

    def discard_input(self) -> None:
        pass


def conversation(*replies: bytes | None) -> tuple[Bootloader, ScriptedPort]:
    port = ScriptedPort(*replies)
    return Bootloader(cast(Port, port)), port


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
    bootloader, port = conversation(OK, b"\x01", b"\x04\x51" + OK)
    assert bootloader.device_id() == 0x451
    assert port.written == [b"\x02\xfd"]


def test_an_answer_without_its_closing_acknowledgement_is_asked_for_again() -> None:
    damaged = (OK, b"\x01", b"\x04\x11\x00")
    bootloader, port = conversation(*damaged, NO, OK, b"\x01", b"\x04\x51" + OK)
    assert bootloader.device_id() == 0x451
    assert port.written == [b"\x02\xfd", b"\x7f", b"\x02\xfd"]


def test_get_lists_commands_without_the_version() -> None:
    bootloader, _ = conversation(OK, b"\x03", b"\x31\x00\x02\x44" + OK)
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
    assert bootloader.go(0x08000000)
    assert port.written == [b"\x21\xde", b"\x08\x00\x00\x00\x08"]


def test_a_foreign_byte_instead_of_an_acknowledgement_ends_it() -> None:
    with pytest.raises(FlashError, match="answers 0x55, which is no reply"):
        conversation(b"U")[0].erase(1)


def test_silence_that_no_synchronization_ends_is_reported() -> None:
    with pytest.raises(FlashError, match="stopped answering: reading at 0x08000000"):
        conversation(OK, OK, OK, b"ab")[0].read(0x08000000, 3)


def test_get_that_announces_more_commands_than_come_is_taken_as_it_comes() -> None:
    bootloader, _ = conversation(OK, b"\x0d", b"\x90" + bytes([0x00, 0x02, 0x44]) + OK)
    assert bootloader.commands() == {0x00, 0x02, 0x44}


def test_go_without_the_first_acknowledgement_sends_the_address_all_the_same() -> None:
    bootloader, port = conversation(None, OK)
    assert not bootloader.go(0x08000000)
    assert port.written == [b"\x21\xde", b"\x08\x00\x00\x00\x08"]


def test_go_that_is_refused_is_a_failure() -> None:
    with pytest.raises(FlashError, match="refuses Go"):
        conversation(NO)[0].go(0x08000000)


def test_a_device_that_talks_all_the_time_is_no_bootloader_and_is_remembered() -> None:
    bootloader, port = conversation(b"$GPGGA", b"$GPGGA")
    assert not bootloader.synchronize()
    assert bootloader.noise == b"$GPGGA$GPGGA"
    assert port.written == [b"\x7f"], "what is no bootloader gets no filler"


WRITE = bytes([0x31, 0xCE]) + b"\x08\x00\x00\x00\x08"


@pytest.mark.parametrize("before", range(len(WRITE) + 1))
def test_recovery_never_completes_a_valid_write_block(before: int) -> None:
    """Wherever a Write Memory command without data was cut off, the bytes of recovery program nothing."""
    bootloader, port = conversation()
    bootloader.synchronize()
    sent = b"".join(port.written)
    for skipped in range(3):
        assert not _programs(WRITE[:before] + sent[skipped:])


def _programs(stream: bytes) -> bool:
    """Whether a ROM bootloader that takes commands gets a valid block for the flash out of `stream`."""
    position = 0

    def take(count: int) -> bytes:
        nonlocal position
        position += count
        return stream[position - count : position]

    while position < len(stream):
        if take(2) != WRITE[:2]:
            continue
        address = take(5)
        if len(address) < 5 or functools.reduce(operator.xor, address) or address[0] != 0x08:
            continue
        count = take(1)
        block = take(count[0] + 2) if count else b""
        if count and len(block) == count[0] + 2 and not functools.reduce(operator.xor, block, count[0]):
            return True
    return False


def test_a_block_whose_reply_is_lost_is_read_before_it_is_sent_again() -> None:
    data = b"\x11\x22\x33\x44"
    bootloader, port = conversation(OK, OK, None, NO, OK, OK, OK, data)
    bootloader.write(0x08001234, data)
    assert port.written.count(b"\x03\x11\x22\x33\x44\x47") == 1, "it had arrived"


def test_a_block_that_left_the_flash_erased_is_sent_again() -> None:
    data = b"\x11\x22\x33\x44"
    bootloader, port = conversation(OK, OK, None, NO, OK, OK, OK, b"\xff" * 4, OK, OK, OK)
    bootloader.write(0x08001234, data)
    assert port.written.count(b"\x03\x11\x22\x33\x44\x47") == 2


def test_a_block_that_was_programmed_damaged_is_not_programmed_again() -> None:
    data = b"\x11\x22\x33\x44"
    bootloader, port = conversation(OK, OK, None, NO, OK, OK, OK, b"\x11\x22\x33\x00")
    with pytest.raises(BlockDamagedError, match="0x08001234"):
        bootloader.write(0x08001234, data)
    assert port.written.count(b"\x03\x11\x22\x33\x44\x47") == 1


def test_a_stray_byte_for_an_acknowledgement_is_survived() -> None:
    bootloader, _ = conversation(b"U", NO, OK, OK, OK, b"abc")
    assert bootloader.read(0x08000000, 3) == b"abc"


def test_a_glitch_before_the_first_reply_is_no_other_device() -> None:
    assert conversation(b"\xa5" + OK, None, None, NO)[0].answers()
    assert not conversation(b"\xa5" + OK, None, b"\xa5" + OK)[0].answers()


@pytest.mark.parametrize("body", [b"\x01\x04\x51", b"\x51"], ids=["a byte too many", "a byte lost"])
def test_an_id_of_another_length_is_asked_for_again(body: bytes) -> None:
    bootloader, _ = conversation(OK, bytes([len(body) - 1]), body + OK, OK, OK, b"\x01", b"\x04\x51" + OK)
    assert bootloader.device_id() == 0x451


def test_what_acknowledges_everything_is_no_bootloader() -> None:
    class Acknowledges(ScriptedPort):
        def read_exactly(self, count: int, timeout: float) -> bytes:
            return OK * min(count, 200)

    with pytest.raises(FlashError, match="Get"):
        Bootloader(Acknowledges()).commands()  # type: ignore[arg-type]


def test_a_list_that_is_refused_is_not_called_protected() -> None:
    with pytest.raises(FlashError, match="refuses Get") as caught:
        conversation(NO, NO, NO, NO, NO)[0].commands()
    assert "protected" not in caught.value.hint
    assert "no bootloader" in caught.value.hint


def test_a_sector_that_is_refused_is_called_protected() -> None:
    with pytest.raises(FlashError, match="refuses: erasing sector 3") as caught:
        conversation(OK, NO, None, None, NO, OK, NO, None, None, NO, OK, NO)[0].erase(3)
    assert "write-protected" in caught.value.hint


def test_go_is_acknowledged_by_two_acknowledgements_alone() -> None:
    assert not conversation(b"U", OK)[0].go(0x08000000)
