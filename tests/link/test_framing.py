"""Frames survive split reads, text, noise and damage around them; damaged ones are never taken for others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.protocol import MAX_BODY

frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=MAX_BODY))
noise = st.binary(max_size=300).map(lambda data: data.replace(b"\x00", b"\x01"))


def test_a_known_frame_has_known_bytes() -> None:
    # 0xCBF43926 is the published check value of this CRC for "123456789".
    wire = encode_frame(Frame(ord("1"), ord("2"), b"3456789"))
    assert wire == b"\x00\x0e123456789\x26\x39\xf4\xcb\x00"


@given(frames)
def test_a_frame_comes_back(frame: Frame) -> None:
    assert FrameDecoder().feed(encode_frame(frame)) == [frame]


@given(frames)
def test_delimiters_stand_only_at_the_ends(frame: Frame) -> None:
    wire = encode_frame(frame)
    assert wire[0] == wire[-1] == 0
    assert 0 not in wire[1:-1]


@given(st.lists(st.tuples(noise, frames), max_size=5), noise, st.integers(1, 40))
def test_every_frame_is_found_between_noise_and_however_it_is_split(
    parts: list[tuple[bytes, Frame]], tail: bytes, step: int
) -> None:
    stream = b"".join(before + encode_frame(frame) for before, frame in parts) + tail
    decoder = FrameDecoder()
    found = [frame for at in range(0, len(stream), step) for frame in decoder.feed(stream[at : at + step])]
    assert found == [frame for _, frame in parts]


@given(frames, st.data())
def test_a_flipped_bit_is_never_a_frame(frame: Frame, data: st.DataObject) -> None:
    wire = bytearray(encode_frame(frame))
    position = data.draw(st.integers(1, len(wire) - 2))
    wire[position] ^= 1 << data.draw(st.integers(0, 7))
    decoder = FrameDecoder()
    assert decoder.feed(bytes(wire)) == []
    assert decoder.rejected >= 1


@given(frames, frames)
def test_a_lost_delimiter_costs_no_frame_but_its_own(lost: Frame, following: Frame) -> None:
    decoder = FrameDecoder()
    assert decoder.feed(encode_frame(lost)[1:-1] + b"junk" + encode_frame(following))[-1] == following


@given(st.lists(st.binary(max_size=2000), max_size=20))
def test_arbitrary_bytes_never_raise_and_take_bounded_memory(chunks: list[bytes]) -> None:
    decoder = FrameDecoder()
    for chunk in chunks:
        decoder.feed(chunk)
    assert len(decoder.noise) <= 256


def test_endless_noise_without_a_delimiter_is_forgotten_and_the_next_frame_found() -> None:
    decoder = FrameDecoder()
    for _ in range(100):
        assert decoder.feed(b"\x55" * 1000) == []
    frame = Frame(0x82, 7, b"after the storm")
    assert decoder.feed(encode_frame(frame)) == [frame]
    assert decoder.rejected == 1


def test_the_longest_frame_is_kept_whole() -> None:
    """Without a zero in type, sequence, body and CRC, COBS adds the most."""
    frames = [Frame(0x82, sequence, b"\x01" * MAX_BODY) for sequence in range(1, 256)]
    longest = max(frames, key=lambda frame: len(encode_frame(frame)))
    assert len(encode_frame(longest)) == 2 + (2 + MAX_BODY + 4) + 4
    assert FrameDecoder().feed(encode_frame(longest)) == [longest]


def test_text_lines_are_kept_for_the_diagnosis() -> None:
    decoder = FrameDecoder()
    decoder.feed(b"Zephyr shell\r\n" + encode_frame(Frame(1, 1)) + b"uart:~$ ")
    assert decoder.noise == b"Zephyr shell\r\nuart:~$ "


def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="769 bytes exceeds 768"):
        encode_frame(Frame(1, 1, bytes(MAX_BODY + 1)))
