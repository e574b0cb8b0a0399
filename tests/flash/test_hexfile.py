"""Intel HEX files are read as they were written, and damaged ones refused by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.flash.base import Part
from edgel3_deploy.flash.hexfile import read_hex
from edgel3_deploy.image.hexfile import to_hex

FLASH = 0x08000000


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=3), st.integers(0, 1 << 17))
def test_what_was_written_is_read(contents: list[bytes], start: int) -> None:
    parts = [(FLASH + start + 70_001 * index, content) for index, content in enumerate(contents)]
    assert read_hex(to_hex(parts), "x.hex") == tuple(Part(*part) for part in parts)


def test_segment_addresses_are_understood() -> None:
    assert read_hex(b":020000021000EC\r\n:0100000041BE\r\n:00000001FF\r\n", "x") == (Part(0x10000, b"A"),)


@pytest.mark.parametrize(
    "line", [b":0100000041BF", b"0100000041BE", b":01000000", b":0100000641B8", b":zz", b":020000"]
)
def test_a_damaged_record_is_named_by_its_line(line: bytes) -> None:
    with pytest.raises(BadInputError, match=r"firmware\.hex: line 2 is no Intel HEX record"):
        read_hex(to_hex([(0, b"A")]).splitlines()[0] + b"\n" + line + b"\n:00000001FF\n", "firmware.hex")


def test_a_file_that_was_cut_off_is_refused() -> None:
    with pytest.raises(BadInputError, match="the last record is missing"):
        read_hex(to_hex([(0, b"A")]).splitlines()[0], "firmware.hex")


def test_bytes_given_twice_are_refused() -> None:
    with pytest.raises(BadInputError, match="0x00000000 are given twice"):
        read_hex(b":0100000041BE\n:0100000041BE\n:00000001FF\n", "firmware.hex")
