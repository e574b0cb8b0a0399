"""The summary that a node sends over LoRaWAN, declared once, and its decoder.

`firmware/link/summary_layout.h`, `docs/summary-decoder.js` and the section of `docs/protocol.md` are rendered
from this declaration (`edgel3_deploy.link.render`); a test fails when one differs. Fields follow each other
bit by bit, the least significant bit of a field and of a byte first; the last byte is filled with zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from edgel3_deploy.link.protocol import ResetCause

SUMMARY_LAYOUT = 1
"""Value of the first field: a decoder knows one layout."""
SHARE_BITS = 7
"""Of each label's share, in percent."""
MAX_LABELS = 32
LARGEST_PAYLOAD = 50
"""Bytes that a summary may have at most."""

SummaryValue = int | float | str | None | list[int]


class SummaryError(ValueError):
    """A payload that is no summary of this layout; the text says why."""


@dataclass(frozen=True)
class SummaryField:
    """One field: `bits` hold (value - low) / step, rounded to the nearest and held within the range.

    The firmware gives the value in 1/`divisor` of `unit`. If it may be `absent`, all bits set say that it is.
    `names` are those of the values of an enumeration.
    """

    name: str
    bits: int
    unit: str
    doc: str
    low: int = 0
    step: int = 1
    divisor: int = 1
    absent: bool = False
    names: type[IntEnum] | None = None

    @property
    def most(self) -> int:
        """The largest number in the bits that stands for a value."""
        return (1 << self.bits) - (2 if self.absent else 1)

    def number(self, value: int | None) -> int:
        """The bits that the firmware sets for a value in 1/`divisor` of `unit`, None for an absent one."""
        if value is None:
            return self.most + 1
        return min(max((value - self.low + self.step // 2) // self.step, 0), self.most)

    def decode(self, raw: int) -> int | float | str | None:
        """The value behind the bits. Raises SummaryError for one that the enumeration has not."""
        if raw > self.most:
            return None
        value = self.low + raw * self.step
        if self.names is not None:
            if value not in set(self.names):
                raise SummaryError(f"{self.name} is {value}, which has no name")
            return self.names(value).name
        return value if self.divisor == 1 else value / self.divisor


def _level(name: str, doc: str) -> SummaryField:
    return SummaryField(name, 12, "dB", doc, low=-12_000, step=10, divisor=100, absent=True)


FIELDS: tuple[SummaryField, ...] = (
    SummaryField("layout", 4, "", f"of the fields: {SUMMARY_LAYOUT}"),
    SummaryField("node_id", 16, "", "the setting node_id"),
    SummaryField("sequence", 16, "", "counts summaries since the sensor's start, modulo 65,536"),
    SummaryField(
        "time", 32, "s", "of sound from the sensor's start to the interval's end, lost samples included"
    ),
    _level("laeq", "equivalent level, A-weighted"),
    _level("lafmax", "highest fast level, A-weighted"),
    _level("l10", "level that was exceeded for 10 % of the time"),
    _level("l50", "for 50 %"),
    _level("l90", "for 90 %"),
    SummaryField("samples_lost", 1, "", "1 if samples of the microphone were lost in the interval"),
    SummaryField("reset_cause", 3, "", "a ResetCause: what the latest reset was", names=ResetCause),
    SummaryField("temperature", 8, "°C", "of the node", low=-60, absent=True),
    SummaryField("supply", 8, "V", "voltage of the supply", step=20, divisor=1000, absent=True),
    SummaryField("label_count", 6, "", f"labels that follow, at most {MAX_LABELS}"),
)
SHARES = SummaryField("label_shares", SHARE_BITS, "%", "of the windows in which each label was on")
"""As often as label_count says, behind the other fields."""
FIXED_BITS = sum(field.bits for field in FIELDS)
MAX_SIZE = -(-(FIXED_BITS + MAX_LABELS * SHARE_BITS) // 8)
"""Bytes of a summary with all labels."""


def decode_summary(payload: bytes) -> dict[str, SummaryValue]:
    """The values of a summary by field name, None where the node has none; `label_shares` in percent.

    Raises SummaryError for another layout, another length, and bits that no node sets.
    """
    layout = payload[0] & ((1 << FIELDS[0].bits) - 1) if payload else SUMMARY_LAYOUT
    if layout != SUMMARY_LAYOUT:
        raise SummaryError(f"layout {layout} is not known here")
    if 8 * len(payload) < FIXED_BITS:
        raise SummaryError(f"{len(payload)} bytes are too few")
    bits = int.from_bytes(payload, "little")
    values: dict[str, SummaryValue] = {}
    for field in FIELDS:
        values[field.name] = field.decode(bits & ((1 << field.bits) - 1))
        bits >>= field.bits
    count = values["label_count"]
    assert isinstance(count, int)
    size = -(-(FIXED_BITS + count * SHARE_BITS) // 8)
    if count > MAX_LABELS or len(payload) != size:
        raise SummaryError(f"{len(payload)} bytes do not hold {count} labels")
    shares = [bits >> SHARE_BITS * label & ((1 << SHARE_BITS) - 1) for label in range(count)]
    if bits >> SHARE_BITS * count or any(share > 100 for share in shares):
        raise SummaryError("bits are set that no node sets")
    return {**values, "label_shares": shares}
