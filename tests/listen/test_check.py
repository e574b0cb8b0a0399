"""Records against the twin's."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.listen.check import compare, expected_records, first_difference
from edgel3_deploy.listen.session import listening
from edgel3_deploy.pipeline.prepared import PreparedBuild
from tests.listen.sensor import SensorBoard, a_record


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"end": 9}, "end is 9, and the twin has 32000"),
        ({"gap": True}, "gap is 1, and the twin has 0"),
        ({"l50": -1}, "l50 is -1, and the twin has -3010"),
        ({"scores": (-118, 99, -110)}, "scores[1] is 99, and the twin has 100"),
        ({"smoothed": (10, 228, 19)}, "smoothed[2] is 19, and the twin has 18"),
        ({"present": (False, False, False)}, "present[1] is 0, and the twin has 1"),
    ],
)
def test_the_first_difference_is_named(changes: dict[str, object], said: str) -> None:
    assert first_difference(a_record(3, **changes), a_record(3)) == f"record 3: {said}"


def test_what_the_board_took_is_no_difference() -> None:
    assert first_difference(a_record(3, busy=1), a_record(3)) is None


def test_every_other_field_is_compared() -> None:
    record = a_record(3)
    for name, value in vars(record).items():
        if isinstance(value, tuple):
            other: Any = (not value[0] if isinstance(value[0], bool) else value[0] + 1, *value[1:])
        else:
            other = not value if isinstance(value, bool) else value + 1
        told = first_difference(dataclasses.replace(record, **{name: other}), record)
        assert (told is None) == (name == "busy"), name


def test_missed_records_are_passed_over() -> None:
    twin = [a_record(number) for number in range(9)]
    got = [a_record(number) for number in (0, 1, 5, 6)]
    assert str(compare(got, twin)) == "bit-exact: 4 records equal the twin's"
    wrong = compare([*got, a_record(7, l90=5), a_record(8)], twin)
    assert (wrong.checked, str(wrong)) == (5, "NOT bit-exact: record 7: l90 is 5, and the twin has -3100")


def test_a_record_too_many_is_a_difference() -> None:
    verdict = compare([a_record(0), a_record(1)], [a_record(0)])
    assert verdict.first_difference == "record 1: the twin has none"


def test_nothing_compared_is_not_exact() -> None:
    assert str(compare([], [a_record(0)])) == "no record was compared"


@pytest.mark.parametrize("seconds_of_hop", [1000, 500])
def test_the_twin_hears_what_is_played_with_the_settings_of_the_board(
    build: PreparedBuild, recording: Path, seconds_of_hop: int
) -> None:
    with (
        SensorBoard(build) as board,
        listening(
            build, board.path, audio=recording, changes={"hop": seconds_of_hop}, all_settings=True
        ) as heard,
    ):
        records = expected_records(heard)
    assert len(records) == 1 + 2500 // seconds_of_hop
    assert len(records[0].scores) == 3 and len(records[0].bands) == 64
    assert records[0].has_levels and records[0].gap and not records[1].gap
