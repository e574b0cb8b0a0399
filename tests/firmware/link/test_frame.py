"""Frames: the firmware's encoder and receiver against the host's, and against hostile bytes."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.link.codec import decode, reply
from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.protocol import MAX_BODY, PROTOCOL_VERSION, ErrorCode
from tests.firmware.link.conftest import Firmware

HELLO = Frame(0x01, 7, PROTOCOL_VERSION.to_bytes(2, "little"))
GREETING = Frame(0x81, 7, PROTOCOL_VERSION.to_bytes(2, "little") + b"\0")
LINE_START = b"edgel3-deploy firmware, protocol 4, board host, model fake, runtime native: "

hostile = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
bodies = st.one_of(
    st.binary(max_size=MAX_BODY),
    st.integers(0, MAX_BODY).map(bytes),
    st.integers(0, MAX_BODY).map(lambda size: b"\x01" * size),
)


def errors(data: bytes) -> list[ErrorCode]:
    """Codes of the error replies among the frames in `data`."""
    kind = reply("error")
    frames = [frame for frame in FrameDecoder().feed(data) if frame.type == kind.id]
    return [ErrorCode(cast(int, decode(kind, frame.body)["code"])) for frame in frames]


@hostile
@given(type_=st.integers(0, 255), sequence=st.integers(0, 255), body=bodies)
def test_the_firmware_frames_as_the_host_does(
    firmware: Firmware, type_: int, sequence: int, body: bytes
) -> None:
    firmware.library.harness_send(type_, sequence, body, len(body))
    assert firmware.written() == encode_frame(Frame(type_, sequence, body))


@hostile
@given(sequence=st.integers(0, 255), extra=bodies.map(lambda body: body[: MAX_BODY - 2]))
def test_the_firmware_reads_what_the_host_frames(firmware: Firmware, sequence: int, extra: bytes) -> None:
    """`hello` may be longer than its version, so it carries any bytes."""
    firmware.start()
    body = PROTOCOL_VERSION.to_bytes(2, "little") + extra
    assert firmware.exchange(Frame(0x01, sequence, body)) == Frame(0x81, sequence, GREETING.body)


def test_every_body_size_is_read(firmware: Firmware) -> None:
    """Sizes around 254 fill a COBS block exactly."""
    for size in range(MAX_BODY - 1):
        assert firmware.exchange(Frame(0x01, 7, HELLO.body + b"\x55" * size)) == GREETING


@hostile
@given(noise=st.binary(max_size=2000))
def test_after_any_bytes_a_frame_gets_through_at_the_second_try(firmware: Firmware, noise: bytes) -> None:
    firmware.start()
    firmware.feed(noise)
    answers = FrameDecoder().feed(firmware.feed(encode_frame(HELLO)) + firmware.feed(encode_frame(HELLO)))
    assert GREETING in answers


@hostile
@given(noise=st.binary(max_size=500))
def test_silence_ends_an_unfinished_frame(firmware: Firmware, noise: bytes) -> None:
    firmware.start()
    firmware.feed(noise)
    firmware.library.harness_idle()
    assert firmware.exchange(HELLO) == GREETING


@hostile
@given(data=st.data())
def test_a_damaged_byte_is_never_taken_for_a_request(firmware: Firmware, data: st.DataObject) -> None:
    firmware.start()
    wire = bytearray(encode_frame(Frame(0x01, 7, b"\x01\x00" + bytes(range(100)))))
    place = data.draw(st.integers(0, len(wire) - 1))
    wire[place] ^= data.draw(st.integers(1, 255))
    answers = FrameDecoder().feed(firmware.feed(bytes(wire)))
    assert all(answer.type == reply("error").id for answer in answers)


def test_a_wrong_crc_is_refused_by_name(firmware: Firmware) -> None:
    wire = bytearray(encode_frame(HELLO))
    wire[-2] ^= 0xFF
    assert errors(firmware.feed(bytes(wire))) == [ErrorCode.BAD_CRC]


@pytest.mark.parametrize(
    "wire",
    [
        b"\x00\x05\x01\x02\x00",
        b"\x00\x03\x01\x02\x00",
        b"\x00" + b"\x01" * 2000 + b"\x00",
        b"\x00" + b"\x7f" * 2000 + b"\x00",
    ],
    ids=["cut", "short", "long, empty blocks", "long"],
)
def test_what_is_no_frame_is_refused_by_name(firmware: Firmware, wire: bytes) -> None:
    assert errors(firmware.feed(wire)) == [ErrorCode.BAD_FRAME]


def test_a_last_block_that_lacks_bytes_makes_no_frame(firmware: Firmware) -> None:
    """Though what came has the right CRC."""
    wire = bytearray(encode_frame(HELLO))
    code = 1
    while wire[code + wire[code]] != 0:
        code += wire[code]
    wire[code] += 1
    assert errors(firmware.feed(bytes(wire))) == [ErrorCode.BAD_FRAME]


def test_the_longest_frame_is_read_and_one_byte_more_is_not(session: Firmware) -> None:
    unknown = Frame(0x70, 3, b"\x22" * MAX_BODY)
    assert errors(session.feed(encode_frame(unknown))) == [ErrorCode.UNKNOWN_TYPE]
    longer = b"\x00" + b"\xff" + b"\x22" * 254 + b"\xff" + b"\x22" * 254 + b"\xff" + b"\x22" * 254 + b"\x0e"
    assert errors(session.feed(longer + b"\x22" * 13 + b"\x00")) == [ErrorCode.BAD_FRAME]


def test_a_lost_delimiter_costs_one_frame(firmware: Firmware) -> None:
    wire = encode_frame(HELLO)
    assert GREETING in FrameDecoder().feed(firmware.feed(wire[:-1] + wire))
    firmware.start()
    assert GREETING in FrameDecoder().feed(firmware.feed(wire[1:] + wire))


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n"])
def test_a_terminal_is_told_what_this_is(firmware: Firmware, ending: bytes) -> None:
    answer = firmware.feed(b"help" + ending)
    assert answer.startswith(LINE_START)
    assert answer.endswith(b"\r\n")
    assert answer.count(b"\n") == 1
    assert firmware.feed(encode_frame(HELLO)) == encode_frame(GREETING)
    assert firmware.feed(ending) == answer


def test_line_ends_within_frames_are_data(firmware: Firmware) -> None:
    assert firmware.exchange(Frame(0x01, 7, HELLO.body + b"\r\n\r\n")) == GREETING
