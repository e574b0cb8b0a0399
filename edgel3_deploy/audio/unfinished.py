"""Recordings whose header was never completed, as recorders that lose power and pipes leave them.

Their header says 0 bytes, or another size than the file has, and the sound follows. Source: Multimedia
Programming Interface and Data Specifications 1.0 (RIFF), EBU Tech 3306 (RF64), Sun's audio file format (AU),
Apple's Core Audio Format Specification (CAF).
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any

_ORDERS: dict[bytes, Any] = {b"RIFF": "little", b"RF64": "little", b"RIFX": "big"}
_AU = (b".snd", b"dns.")
_UNKNOWN = b"\xff" * 4
_MOST_CHUNKS = 1_000
_CAF_HEADER, _CAF_CHUNK = 8, 12


class _View(mmap.mmap):
    """A private view of a file; like a file, and unlike mmap, it can be searched beyond its end."""

    def seek(self, pos: int, whence: int = os.SEEK_SET) -> None:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: len(self)}[whence]
        super().seek(min(base + pos, len(self)))


def completed(path: Path) -> mmap.mmap | None:
    """The file's bytes with the size that its header should say; None where nothing follows an empty header.

    `path` is one that libsndfile takes for a sound of 0 frames. The bytes are a private view of the file.
    """
    with path.open("rb") as stream:
        content = _View(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    if content[:4] in _AU:
        content[8:12] = _UNKNOWN
        return content
    order = _ORDERS.get(content[:4])
    if order is None:
        return None
    chunks = _chunks(content, 12, order)
    start = chunks.get(b"data", len(content))
    rest = len(content) - start
    # An empty recording may have notes behind it, which are chunks up to the end.
    if rest <= 0 or b"" not in _chunks(content, start, order):
        return None
    if content[:4] == b"RF64" and b"ds64" in chunks:
        sizes = chunks[b"ds64"]
        content[sizes + 8 : sizes + 16] = rest.to_bytes(8, "little")
    elif int.from_bytes(content[start - 4 : start], order) < rest:
        content[start - 4 : start] = min(rest, (1 << 32) - 1).to_bytes(4, order)
    else:
        return None
    return content


def completed_caf(path: Path) -> mmap.mmap | None:
    """The bytes of a CAF with the size that its header should say, which libsndfile refuses without it.

    None for other files, and where the size is right. Sizes may be unknown while a CAF is written: -1.
    """
    with path.open("rb") as stream:
        if stream.read(4) != b"caff":
            return None
        content = _View(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    at = _CAF_HEADER
    for _ in range(_MOST_CHUNKS):
        start = at + _CAF_CHUNK
        rest = len(content) - start
        if rest <= 0:
            break
        size = int.from_bytes(content[at + 4 : start], "big", signed=True)
        if content[at : at + 4] != b"data":
            at = start + max(size, 0)
            continue
        if 0 <= size <= rest:
            break
        content[at + 4 : start] = rest.to_bytes(8, "big")
        return content
    return None


def _chunks(content: mmap.mmap, at: int, order: Any) -> dict[bytes, int]:
    """Where the content of each chunk begins, from `at` to the data; b"" where what follows is no chunk."""
    found: dict[bytes, int] = {}
    while at < len(content) and len(found) < _MOST_CHUNKS:
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], order)
        if len(name) < 4 or not all(32 <= letter < 127 for letter in name):
            found[b""] = at
            return found
        found[name] = at + 8
        if name == b"data":
            return found
        at += 8 + size + size % 2
    if at > len(content) + 1:
        found[b""] = at
    return found
