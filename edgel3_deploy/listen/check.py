"""Whether a sensor's records are what the twin in Python makes of the same sound, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator

from edgel3_deploy.link.record import ARRAYS, Record
from edgel3_deploy.listen.heard import Event, Heard

_NUMBERS = (
    *("sequence", "end", "lost", "gap", "clipped", "has_levels"),
    *("laeq", "lafmax", "l10", "l50", "l90"),
)
"""All but `busy`, which is the board's."""


def first_difference(got: Record, expected: Record) -> str | None:
    """The first field or element in which two records differ, with both values; None if in none.

    `busy` is not compared.
    """
    for name in _NUMBERS:
        values = getattr(got, name), getattr(expected, name)
        if values[0] != values[1]:
            return _told(expected, name, *values)
    for array in ARRAYS:
        pairs = zip(getattr(got, array.name), getattr(expected, array.name), strict=True)
        for index, (one, other) in enumerate(pairs):
            if one != other:
                return _told(expected, f"{array.name}[{index}]", one, other)
    return None


def _told(record: Record, name: str, got: int, expected: int) -> str:
    return f"record {record.sequence}: {name} is {int(got)}, and the twin has {int(expected)}"


class Checker:
    """Compares a session's records with `expected`, the twin's from the first on.

    `checked` counts the records that were compared; `first_difference` says where the first one was.
    """

    def __init__(self, expected: Iterator[Record]) -> None:
        self._expected = expected
        self.checked = 0
        self.first_difference: str | None = None

    def take(self, event: Event) -> None:
        """Compare a window's record with the twin's of that number; missed ones are passed over."""
        if not isinstance(event, Heard) or self.first_difference is not None:
            return
        number = event.record.sequence
        twin = next((record for record in self._expected if record.sequence >= number), None)
        if twin is None:
            self.first_difference = f"record {number}: the twin has none"
            return
        self.checked += 1
        self.first_difference = first_difference(event.record, twin)

    @property
    def verdict(self) -> str:
        """What came out, in words."""
        if self.first_difference is not None:
            return f"NOT bit-exact: {self.first_difference}"
        return (
            f"bit-exact: {self.checked:,} records equal the twin's"
            if self.checked
            else "no record was compared"
        )
