"""What the sensor says about one window, declared once, and its decoder.

`firmware/link/record_layout.h` and the section of `docs/protocol.md` are rendered from this declaration
(`edgel3_deploy.link.render`); a test fails when one differs. Fields and then arrays follow each other without
gaps, little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntFlag
from typing import Literal


class RecordError(ValueError):
    """Bytes that are no record of these sizes; the text says why."""


class RecordFlag(IntFlag):
    """Bits of a record's `flags`."""

    GAP = 1
    """The window does not follow the one before without loss, or is the first."""
    LEVELS = 2
    """A whole second has been metered since the sound path began."""


RecordType = Literal["u8", "u32", "u64", "i16"]
_STRUCT: dict[RecordType, str] = {"u8": "B", "u32": "I", "u64": "Q", "i16": "h"}


@dataclass(frozen=True)
class RecordField:
    """One number at the start of a record; `doc` says unit and meaning."""

    name: str
    type: RecordType
    doc: str

    @property
    def size(self) -> int:
        """Bytes."""
        return struct.calcsize(_STRUCT[self.type])


@dataclass(frozen=True)
class RecordArray:
    """One array behind the fields; `count` names its length, in elements of `type` or bits."""

    name: str
    type: Literal["i8", "u8", "bits"]
    count: Literal["labels", "bands", "embedding"]
    doc: str


FIELDS: tuple[RecordField, ...] = (
    RecordField("sequence", "u32", "counts records since the start"),
    RecordField("end", "u64", "of the window, in samples at the network's rate since the start"),
    RecordField("lost", "u32", "samples of the microphone lost since the start"),
    RecordField("clipped", "u32", "samples clipped in the last whole second"),
    RecordField("busy", "u64", "spent by sound path, front end, network and head since the record before"),
    RecordField("flags", "u8", "bit 0: GAP; bit 1: LEVELS"),
    RecordField("laeq", "i16", "1/100 dB, of the last whole second that ended by the window's end"),
    RecordField("lafmax", "i16", "1/100 dB"),
    RecordField("l10", "i16", "1/100 dB"),
    RecordField("l50", "i16", "1/100 dB"),
    RecordField("l90", "i16", "1/100 dB"),
)
ARRAYS: tuple[RecordArray, ...] = (
    RecordArray("scores", "i8", "labels", "s is the probability (s + 128) / 256"),
    RecordArray("smoothed", "u8", "labels", "score smoothed over windows, in 256ths, rounded down"),
    RecordArray("present", "bits", "labels", "whether the label is on; the least significant bit first"),
    RecordArray("bands", "i8", "bands", "mean of the network's input over the frames, rounded down"),
    RecordArray("embedding", "i8", "embedding", "the network's output"),
)
_FIXED = struct.Struct("<" + "".join(_STRUCT[field.type] for field in FIELDS))
FIXED_SIZE = _FIXED.size
"""Bytes of the fields, where the arrays begin."""


@dataclass(frozen=True)
class Record:
    """One window. Levels in 1/100 dB, calibrated, the lowest of all without `has_levels`.

    `end` counts samples at the network's rate and `lost` those of the microphone, both since the sensor's
    start; `busy` is in the board's counter unit. `smoothed` is in 256ths; `bands` are means of int8 input.
    """

    sequence: int
    end: int
    lost: int
    clipped: int
    busy: int
    gap: bool
    has_levels: bool
    laeq: int
    lafmax: int
    l10: int
    l50: int
    l90: int
    scores: tuple[int, ...]
    smoothed: tuple[int, ...]
    present: tuple[bool, ...]
    bands: tuple[int, ...]
    embedding: tuple[int, ...]

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Of each label, unsmoothed."""
        return tuple((score + 128) / 256 for score in self.scores)


def record_size(label_count: int, bands: int, embedding_size: int) -> int:
    """Bytes of a record with arrays of these lengths."""
    return FIXED_SIZE + 2 * label_count + -(-label_count // 8) + bands + embedding_size


def decode_record(data: bytes, label_count: int, bands: int, embedding_size: int) -> Record:
    """The record in `data`. Raises RecordError for another size, and for bits that no board sets."""
    size = record_size(label_count, bands, embedding_size)
    if len(data) != size:
        raise RecordError(f"{len(data)} bytes are no record of {size}")
    values = dict(zip((field.name for field in FIELDS), _FIXED.unpack_from(data), strict=True))
    flags = values.pop("flags")
    arrays = data[FIXED_SIZE:]
    scores, arrays = arrays[:label_count], arrays[label_count:]
    smoothed, arrays = arrays[:label_count], arrays[label_count:]
    mask = -(-label_count // 8)
    present = int.from_bytes(arrays[:mask], "little")
    if flags >> len(RecordFlag) or present >> label_count:
        raise RecordError("bits are set that no board sets")
    return Record(
        **values,
        gap=bool(flags & RecordFlag.GAP),
        has_levels=bool(flags & RecordFlag.LEVELS),
        scores=_int8(scores),
        smoothed=tuple(smoothed),
        present=tuple(bool(present >> label & 1) for label in range(label_count)),
        bands=_int8(arrays[mask : mask + bands]),
        embedding=_int8(arrays[mask + bands :]),
    )


def _int8(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"{len(data)}b", data)
