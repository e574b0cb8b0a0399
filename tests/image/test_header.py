"""A header comes back as it was packed; any damage to it is noticed."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.image.header import IMAGE_HEADER_SIZE, ImageHeader, ImageHeaderError, header_for

U32 = st.integers(0, 2**32 - 1)
HEADERS = st.builds(
    ImageHeader,
    origin=st.integers(0, 2**31),
    size=st.integers(1, 2**31 - IMAGE_HEADER_SIZE),
    crc=U32,
    version=U32,
    sequence=U32,
    board=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=48),
    build_id=st.binary(min_size=32, max_size=32),
)
HEADER = header_for(b"123456789", origin=0x0800_8000, board="stm32f7", build_id=bytes(range(32)), version=7)


@given(HEADERS)
def test_what_is_packed_is_parsed(header: ImageHeader) -> None:
    packed = header.pack()
    assert len(packed) == 128
    assert ImageHeader.parse(packed) == header


@given(HEADERS, st.integers(0, 128 * 8 - 1))
def test_every_flipped_bit_is_damage(header: ImageHeader, bit: int) -> None:
    damaged = bytearray(header.pack())
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ImageHeaderError):
        ImageHeader.parse(bytes(damaged))


@given(st.binary(max_size=200))
def test_other_bytes_are_no_header(data: bytes) -> None:
    with pytest.raises(ImageHeaderError):
        ImageHeader.parse(data)


@pytest.mark.parametrize("blank", [b"\xff" * 128, b"\0" * 128])
def test_erased_and_cleared_flash_say_so(blank: bytes) -> None:
    with pytest.raises(ImageHeaderError, match="no image header"):
        ImageHeader.parse(blank)


def test_fields_lie_where_the_loader_reads_them() -> None:
    packed = HEADER.pack()
    assert packed[:4] == b"EL3I"
    assert struct.unpack_from("<6I", packed, 4) == (1, 0x0800_8000, 9, 0xCBF43926, 7, 1)
    assert packed[28:76] == b"stm32f7".ljust(48, b"\0")
    assert packed[76:108] == bytes(range(32))
    assert packed[108:124] == bytes(16)
    assert struct.unpack_from("<I", packed, 124) == (zlib.crc32(packed[:124]),)


@given(st.integers(1, 2**32 - 1).filter(lambda layout: layout != 1))
def test_another_layout_is_named(layout: int) -> None:
    with pytest.raises(ImageHeaderError, match=f"layout {layout} "):
        ImageHeader.parse(_sealed(HEADER.pack(), 4, struct.pack("<I", layout)))


@pytest.mark.parametrize(
    ("offset", "content", "problem"),
    [
        (12, bytes(4), "size is 0"),
        (8, b"\xff" * 4, "outside the address space"),
        (28, bytes(48), "board has 0 characters"),
        (28, b"stm\0f7", "no board name"),
        (28, b"\xe4", "no board name"),
        (110, b"\1", "reserved"),
    ],
)
def test_a_whole_header_with_an_impossible_field_is_refused(
    offset: int, content: bytes, problem: str
) -> None:
    with pytest.raises(ImageHeaderError, match=problem):
        ImageHeader.parse(_sealed(HEADER.pack(), offset, content))


@pytest.mark.parametrize("name", ["version", "sequence", "crc", "origin", "size"])
@pytest.mark.parametrize("value", [-1, 1 << 32])
def test_fields_are_32_bits(name: str, value: int) -> None:
    fields = {**vars(HEADER), name: value}
    with pytest.raises(ImageHeaderError, match=name):
        ImageHeader(**fields)


def test_a_build_id_has_32_bytes() -> None:
    with pytest.raises(ImageHeaderError, match="build_id has 31 bytes"):
        header_for(b"x", origin=0, board="b", build_id=bytes(31))


def _sealed(packed: bytes, offset: int, content: bytes) -> bytes:
    """`packed` with `content` at `offset` and a checksum that holds."""
    fields = bytearray(packed[:124])
    fields[offset : offset + len(content)] = content
    return bytes(fields) + struct.pack("<I", zlib.crc32(bytes(fields)))
