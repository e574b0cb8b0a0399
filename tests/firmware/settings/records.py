"""The settings' flash as its header file describes it, written down a second time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

WORD = 32
SECTOR_KEY = 0
"""Of the record that makes a sector count; it stands first."""


def record(key: int, sequence: int, value: int) -> bytes:
    """One flash word."""
    content = struct.pack("<4sIIi12x", b"EL3S", key, sequence, value)
    return content + struct.pack("<I", zlib.crc32(content))


def full_sector(size: int, values: Mapping[int, int], rewritten: int, *, room: int = 0) -> bytes:
    """A sector of `size` bytes that counts and holds `values` by key.

    `rewritten` is the key that was written again and again, until there was `room` for so many words.
    """
    words = size // WORD - room
    keys = [*values, *[rewritten] * (words - 1 - len(values))]
    body = b"".join(record(key, 2 + number, values[key]) for number, key in enumerate(keys))
    return (record(SECTOR_KEY, 1, 0) + body).ljust(size, b"\xff")
