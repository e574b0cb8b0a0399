"""Whether a sensor's records are what the twin in Python makes of the same sound, bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgel3_deploy.audio.clips import load_clip
from edgel3_deploy.audio.frontend import L3
from edgel3_deploy.boards.board import PdmMicrophone
from edgel3_deploy.link.record import ARRAYS, Record
from edgel3_deploy.listen.session import Listening
from edgel3_deploy.validate.sensor import SensorSettings, chain_of, expect

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


@dataclass(frozen=True)
class Verdict:
    """How many records were compared, and where the first difference is, None if nowhere."""

    checked: int
    first_difference: str | None

    def __str__(self) -> str:
        """In words."""
        if self.first_difference is not None:
            return f"NOT bit-exact: {self.first_difference}"
        if not self.checked:
            return "no record was compared"
        return f"bit-exact: {self.checked:,} records equal the twin's"


def compare(records: Sequence[Record], expected: Sequence[Record]) -> Verdict:
    """Compare a session's records with the twin's from the first on, each with that of its number."""
    for number, record in enumerate(records):
        if record.sequence >= len(expected):
            return Verdict(number, f"record {record.sequence}: the twin has none")
        difference = first_difference(record, expected[record.sequence])
        if difference is not None:
            return Verdict(number + 1, difference)
    return Verdict(len(records), None)


def expected_records(heard: Listening) -> tuple[Record, ...]:
    """What the sensor must say of the recording that it hears, by the settings that were read at the start.

    A virtual board's microphone is taken for what its model gives. Raises ValueError without a recording.
    """
    if heard.played is None:
        raise ValueError("nothing is played")
    values = SensorSettings({name: state.value for name, state in heard.settings.items()})
    chain, rate = chain_of(heard.build), heard.sensor.source_rate
    if heard.played.by_link:
        return expect(chain, heard.played.pcm, rate, [(0, values)]).records
    from edgel3_deploy.emulate.delivered import delivered

    microphone = heard.build.board.microphone
    assert microphone is not None
    sound = load_clip(heard.played.path, replace(L3, sample_rate=rate)).samples
    return expect(
        chain,
        delivered(heard.build.board, sound),
        rate,
        [(0, values)],
        bits=microphone.bits,
        compensated=isinstance(microphone, PdmMicrophone),
    ).records
