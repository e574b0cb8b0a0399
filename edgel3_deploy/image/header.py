"""The header in front of an application image in flash, as the loader reads it.

Its twin in C is firmware/boot/image_header.h. This module needs nothing but the standard library: it goes
into the build folder, where the Makefile calls it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

MAGIC = 0x49334C45
"""The letters EL3I in memory."""
LAYOUT = 1
"""Version of the order of the fields."""
IMAGE_HEADER_SIZE = 0x400
"""Bytes of flash from the start of a slot to the image: header, marks of the loader, and room that aligns the
vector table.
"""
LENGTH = 128
"""Bytes of the packed header. The marks of the loader behind it start erased."""

_FIELDS = struct.Struct("<7I48s32s16s")
_CHECKSUM = struct.Struct("<I")
_BOARD_LENGTH = 48
_BUILD_ID_LENGTH = 32
_WORD = 1 << 32


class ImageHeaderError(ValueError):
    """A field is out of its range, or bytes are no header: the message names the field."""


@dataclass(frozen=True)
class ImageHeader:
    """What the loader knows of an image.

    `origin` is the address of its slot; the image starts IMAGE_HEADER_SIZE behind it, has `size` bytes and
    the CRC-32 `crc` (zlib's). `version` is what the user calls it, `sequence` counts updates of the board.
    `board` is the board's name, `build_id` the 32 bytes that the image reports.
    """

    origin: int
    size: int
    crc: int
    version: int
    sequence: int
    board: str
    build_id: bytes

    def __post_init__(self) -> None:
        """ImageHeaderError if a field cannot stand in a header."""
        for name in ("origin", "size", "crc", "version", "sequence"):
            value = getattr(self, name)
            _require(0 <= value < _WORD, f"{name} {value} does not fit 32 bits")
        _require(self.size > 0, "size is 0: there is no image")
        end = self.origin + IMAGE_HEADER_SIZE + self.size
        _require(end <= _WORD, f"the image would end at {end:#x}, outside the address space")
        length = len(self.board)
        _require(0 < length <= _BOARD_LENGTH, f"board has {length} characters, not 1 to {_BOARD_LENGTH}")
        _require(all("!" <= char <= "~" for char in self.board), f"board {self.board!r} is no board name")
        length = len(self.build_id)
        _require(length == _BUILD_ID_LENGTH, f"build_id has {length} bytes, not {_BUILD_ID_LENGTH}")

    def pack(self) -> bytes:
        """The LENGTH bytes at the start of the slot."""
        fields = _FIELDS.pack(
            MAGIC,
            LAYOUT,
            self.origin,
            self.size,
            self.crc,
            self.version,
            self.sequence,
            self.board.encode("ascii"),
            self.build_id,
            bytes(16),
        )
        return fields + _CHECKSUM.pack(zlib.crc32(fields))

    @classmethod
    def parse(cls, data: bytes) -> ImageHeader:
        """The header at the start of `data`; ImageHeaderError, saying what is wrong, if there is none."""
        _require(len(data) >= LENGTH, f"{len(data)} bytes are too few for an image header of {LENGTH}")
        fields = data[: _FIELDS.size]
        magic, layout, origin, size, crc, version, sequence, board, build_id, rest = _FIELDS.unpack(fields)
        _require(magic == MAGIC, f"magic {magic:#010x} is not {MAGIC:#010x}: there is no image header")
        _require(layout == LAYOUT, f"layout {layout} of the image header is not known, {LAYOUT} is")
        (checksum,) = _CHECKSUM.unpack_from(data, _FIELDS.size)
        _require(checksum == zlib.crc32(fields), "the CRC-32 of the image header is wrong")
        _require(not any(rest), "reserved bytes of the image header are not 0")
        name = board.rstrip(b"\0").decode("latin-1")
        return cls(origin, size, crc, version, sequence, name, build_id)


def header_for(
    image: bytes, *, origin: int, board: str, build_id: bytes, version: int = 1, sequence: int = 1
) -> ImageHeader:
    """The header of `image`, the bytes from `origin` + IMAGE_HEADER_SIZE on."""
    return ImageHeader(
        origin=origin,
        size=len(image),
        crc=zlib.crc32(image),
        version=version,
        sequence=sequence,
        board=board,
        build_id=build_id,
    )


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise ImageHeaderError(problem)
