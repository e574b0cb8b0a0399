"""The record's decoder says what the bytes say, and refuses other bytes."""

from __future__ import annotations

import pytest

from edgel3_deploy.link.record import FIXED_SIZE, RecordError, decode_record, record_size
from edgel3_deploy.link.render_record import record_section, render_record_layout
from tests.link.fake_sensor import BANDS, EMBEDDING, LABELS, record_bytes


def test_fields_and_arrays_are_read() -> None:
    record = decode_record(record_bytes(5, end=2**40), LABELS, BANDS, EMBEDDING)
    assert (record.sequence, record.end, record.lost, record.clipped, record.busy) == (5, 2**40, 7, 2, 1000)
    levels = (record.laeq, record.lafmax, record.l10, record.l50, record.l90)
    assert levels == (-4150, -3900, -4000, -4200, -4500)
    assert (record.gap, record.has_levels) == (True, True)
    assert record.scores == (5, -128, 127)
    assert record.smoothed == (1, 0, 255)
    assert record.present == (True, False, True)
    assert record.bands == (5,) * BANDS
    assert record.embedding == tuple((index + 128) % 256 - 128 for index in range(EMBEDDING))
    assert record.probabilities == (133 / 256, 0.0, 255 / 256)


@pytest.mark.parametrize(("flags", "gap", "levels"), [(0, False, False), (1, True, False), (2, False, True)])
def test_flags_are_told_apart(flags: int, gap: bool, levels: bool) -> None:
    record = decode_record(record_bytes(1, flags=flags), LABELS, BANDS, EMBEDDING)
    assert (record.gap, record.has_levels) == (gap, levels)


def test_a_record_without_labels_has_none() -> None:
    data = record_bytes(1)[:FIXED_SIZE] + bytes(4)
    record = decode_record(data, 0, 2, 2)
    assert (record.scores, record.smoothed, record.present) == ((), (), ())
    assert (record.bands, record.embedding) == ((0, 0), (0, 0))


@pytest.mark.parametrize("labels", [0, 1, 8, 9, 128])
def test_the_size_counts_one_bit_for_each_label(labels: int) -> None:
    assert record_size(labels, 64, 64) == FIXED_SIZE + 2 * labels + (labels + 7) // 8 + 128


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (record_bytes(1)[:-1], "are no record of"),
        (record_bytes(1, flags=4), "no board sets"),
        (record_bytes(1)[: FIXED_SIZE + 6] + b"\x08" + record_bytes(1)[FIXED_SIZE + 7 :], "no board sets"),
    ],
)
def test_other_bytes_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        decode_record(data, LABELS, BANDS, EMBEDDING)


def test_header_and_page_name_every_field() -> None:
    header, page = render_record_layout(), "\n".join(record_section())
    assert f"RECORD_FIXED_SIZE = {FIXED_SIZE}" in header
    for name in ("SEQUENCE = 0", "END = 4", "FLAGS = 28", "L90 = 37", "FLAG_GAP = 1"):
        assert f"RECORD_{name}" in header
    for name in ("busy", "lafmax", "smoothed", "embedding"):
        assert f"`{name}`" in page
