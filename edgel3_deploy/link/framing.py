"""Frames on the wire: COBS between zero bytes, guarded by CRC-32 (declared in `edgel3_deploy.link.protocol`).

COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2), 1999.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from cobs import cobs

from edgel3_deploy.link.protocol import MAX_BODY

DELIMITER = b"\x00"
_HEADER_SIZE = 2
_CRC_SIZE = 4
_MAX_PAYLOAD = _HEADER_SIZE + MAX_BODY + _CRC_SIZE
_MAX_ENCODED = _MAX_PAYLOAD + _MAX_PAYLOAD // 254 + 1
_NOISE_KEPT = 256


@dataclass(frozen=True)
class Frame:
    """One frame: `type` and `sequence` 0 to 255, `body` of at most MAX_BODY bytes."""

    type: int
    sequence: int
    body: bytes = b""


def encode_frame(frame: Frame) -> bytes:
    """The frame's bytes on the wire, both delimiters included. ValueError if a value is out of range."""
    if len(frame.body) > MAX_BODY:
        raise ValueError(f"body of {len(frame.body)} bytes exceeds {MAX_BODY}")
    content = bytes((frame.type, frame.sequence)) + frame.body
    crc = zlib.crc32(content).to_bytes(_CRC_SIZE, "little")
    return DELIMITER + bytes(cobs.encode(content + crc)) + DELIMITER


def _decode(encoded: bytes) -> Frame | None:
    try:
        payload = bytes(cobs.decode(encoded))
    except cobs.DecodeError:
        return None
    if not _HEADER_SIZE + _CRC_SIZE <= len(payload) <= _MAX_PAYLOAD:
        return None
    content, crc = payload[:-_CRC_SIZE], payload[-_CRC_SIZE:]
    if zlib.crc32(content) != int.from_bytes(crc, "little"):
        return None
    return Frame(content[0], content[1], content[_HEADER_SIZE:])


class FrameDecoder:
    """Finds frames in a byte stream that may also carry text lines, noise and damaged frames.

    Every zero byte ends whatever came before it, so one lost delimiter costs at most one frame.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._noise = bytearray()
        self.rejected = 0
        """Runs of bytes so far that were no valid frame."""

    @property
    def noise(self) -> bytes:
        """The latest bytes that belong to no valid frame (at most 256), an unfinished frame included."""
        return bytes((self._noise + self._pending)[-_NOISE_KEPT:])

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of the stream; return the frames that they complete."""
        frames = []
        *complete, rest = data.split(DELIMITER)
        for part in complete:
            self._append(part)
            if not self._pending:
                continue
            frame = _decode(bytes(self._pending))
            if frame is None:
                self.rejected += 1
                self._keep_noise(self._pending)
            else:
                frames.append(frame)
            self._pending.clear()
        self._append(rest)
        return frames

    def _append(self, part: bytes) -> None:
        self._pending += part
        # Longer than any frame: keep just enough to stay too long, so that noise takes bounded memory.
        excess = len(self._pending) - (_MAX_ENCODED + 1)
        if excess > 0:
            self._keep_noise(self._pending[:excess])
            del self._pending[:excess]

    def _keep_noise(self, data: bytes | bytearray) -> None:
        self._noise += data
        del self._noise[:-_NOISE_KEPT]
