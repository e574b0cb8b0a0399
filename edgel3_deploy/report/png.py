"""Small pictures as PNG files, without a plotting library."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BIT_RGB = (8, 2, 0, 0, 0)
_STOPS = np.array(
    [
        (0, 0, 6),
        (34, 16, 76),
        (92, 20, 116),
        (156, 38, 110),
        (216, 66, 82),
        (246, 122, 60),
        (252, 196, 112),
        (255, 252, 214),
    ]
)
"""Colours in equal steps from dark to bright; lightness rises with each, so that it reads in grey too."""


def heat(levels: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours for levels from 0 (dark) to 1 (bright): (...) -> uint8 (..., 3)."""
    at = np.clip(levels, 0, 1) * (len(_STOPS) - 1)
    channels = [np.interp(at, np.arange(len(_STOPS)), _STOPS[:, channel]) for channel in range(3)]
    colours: NDArray[np.uint8] = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    return colours


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of RGB pixels: uint8 (height, width, 3), the top row first. Repeatable."""
    height, width, _ = pixels.shape
    # Every row begins with its filter, of which 0 is none.
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    header = struct.pack(">2I5B", width, height, *_EIGHT_BIT_RGB)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
