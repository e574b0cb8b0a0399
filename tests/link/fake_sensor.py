"""A board whose sensor makes a record of every hop that is played to it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from edgel3_deploy.link import codec
from edgel3_deploy.link.protocol import ErrorCode, SensorSource, SensorState
from edgel3_deploy.link.record import record_size
from tests.link.fake_board import FakeBoard

LABELS, BANDS, EMBEDDING = 3, 64, 600
HOP = 512
HELD = 4


def record_bytes(sequence: int, *, end: int = 0, flags: int = 3) -> bytes:
    """A record whose arrays follow from its number."""
    fields = struct.pack("<IQIIQB5h", sequence, end, 7, 2, 1000, flags, -4150, -3900, -4000, -4200, -4500)
    scores = bytes([sequence % 128, 0x80, 0x7F])
    arrays = bytes([sequence % 256]) * BANDS + bytes(index % 256 for index in range(EMBEDDING))
    return fields + scores + bytes([1, 0, 255]) + bytes([0b101]) + arrays


class FakeSensorBoard(FakeBoard):
    """As FakeBoard; options are its."""

    def __init__(self, *, has_microphone: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._has_microphone = has_microphone
        self._state = SensorState.LISTENING if has_microphone else SensorState.NO_SOURCE
        self.played = b""

    @property
    def _windows(self) -> int:
        return len(self.played) // 2 // HOP

    def _read_sensor(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value]:
        return {
            "state": int(self._state),
            "has_microphone": int(self._has_microphone),
            "rate": 48_000,
            "samples": len(self.played) // 2,
            "lost": 0,
            "hop": HOP,
            "windows": self._windows,
            "oldest": max(0, self._windows - HELD),
            "label_count": LABELS,
            "bands": BANDS,
            "embedding_size": EMBEDDING,
            "record_size": record_size(LABELS, BANDS, EMBEDDING),
            "summaries": min(self._windows, 1),
        }

    def _start_sensor(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        if values["source"] == SensorSource.MICROPHONE and not self._has_microphone:
            return ErrorCode.NOT_SUPPORTED
        self.played = b""
        linked = values["source"] == SensorSource.LINK
        self._state = SensorState.PLAYING if linked else SensorState.LISTENING
        return self._read_sensor({})

    def _play_audio(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        offset, data = values["offset"], values["data"]
        assert isinstance(offset, int) and isinstance(data, bytes)
        if self._state is not SensorState.PLAYING:
            return ErrorCode.NOT_SUPPORTED
        if 2 * offset == len(self.played):
            self.played += data
        elif 2 * offset + len(data) != len(self.played):
            return ErrorCode.OUT_OF_RANGE
        return {"next": len(self.played) // 2, "windows": self._windows}

    def _read_record(
        self, values: Mapping[str, codec.Value]
    ) -> Mapping[str, codec.Value] | tuple[ErrorCode, int]:
        sequence, offset, length = (values[name] for name in ("sequence", "offset", "length"))
        assert isinstance(sequence, int) and isinstance(offset, int) and isinstance(length, int)
        oldest = max(0, self._windows - HELD)
        if sequence >= self._windows:
            return ErrorCode.NO_RESULT, self._windows
        if sequence < oldest:
            return ErrorCode.OUT_OF_RANGE, oldest
        return {"data": record_bytes(sequence)[offset : offset + length]}

    def _read_summary(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        return {"data": b"summary"} if self._windows else ErrorCode.NO_RESULT
