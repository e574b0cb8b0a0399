"""The summary: what the firmware encodes, Python and JavaScript decode, and refuse alike what is none."""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.link.protocol import ResetCause
from edgel3_deploy.link.summary import (
    FIELDS,
    LARGEST_PAYLOAD,
    MAX_LABELS,
    MAX_SIZE,
    SummaryError,
    SummaryField,
    decode_summary,
)

ABSENT = -(2**63)
GIVEN = FIELDS[1:-1]
many = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
TYPICAL = {
    "node_id": 4711,
    "sequence": 65_535,
    "time": 4_000_000_000,
    "laeq": 6234,
    "lafmax": 8016,
    "l10": 6508,
    "l50": 5995,
    "l90": 4213,
    "samples_lost": 1,
    "reset_cause": int(ResetCause.WATCHDOG),
    "temperature": -12,
    "supply": 3300,
}
SHARES = [0, 100, 37]


class Summary(ctypes.Structure):
    """summary_t."""

    _fields_ = [
        ("values", ctypes.c_int64 * len(GIVEN)),
        ("label_count", ctypes.c_uint32),
        ("shares", ctypes.c_uint8 * MAX_LABELS),
    ]


class Encoder:
    """summary_encode()."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))

    def __call__(self, values: Mapping[str, int], shares: list[int], label_count: int | None = None) -> bytes:
        ordered = [values[field.name] for field in GIVEN]
        count = len(shares) if label_count is None else label_count
        summary = Summary((ctypes.c_int64 * len(GIVEN))(*ordered), count)
        summary.shares[: len(shares)] = shares
        # Old contents, so that a bit that is not written shows.
        payload = (ctypes.c_uint8 * MAX_SIZE)(*[0xA5] * MAX_SIZE)
        size = self._library.summary_encode(ctypes.byref(summary), payload)
        return bytes(payload[:size])


@pytest.fixture
def encode(link_library: Path) -> Encoder:
    return Encoder(link_library)


class Node:
    """The decoder in an interpreter of JavaScript: payloads in hexadecimal, answers as JSON."""

    def __init__(self, program: str, decoder: Path) -> None:
        loop = (
            f"{decoder.read_text()}\n"
            "require('readline').createInterface({ input: process.stdin }).on('line', function (line) {\n"
            "  var bytes = Array.from(Buffer.from(line, 'hex'));\n"
            "  console.log(JSON.stringify(decodeUplink({ bytes: bytes, fPort: 1 })));\n"
            "});\n"
        )
        self._process = subprocess.Popen(
            [program, "-e", loop], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, payload: bytes) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(payload.hex() + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture(scope="session")
def javascript(repository: Path) -> Iterator[Node]:
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    node = Node(program, repository / "docs" / "summary-decoder.js")
    yield node
    node.close()


def around(field: SummaryField) -> st.SearchStrategy[int]:
    """Values of a field, within its range, at its ends and far beyond."""
    if field.names is not None:
        return st.sampled_from(sorted(field.names))
    high = field.low + field.most * field.step
    near = st.integers(field.low - 3 * field.step, high + 3 * field.step)
    return st.one_of(near, st.integers(ABSENT, 2**63 - 1), st.just(ABSENT))


def expected(field: SummaryField, value: int) -> Any:
    """What a value arrives as: rounded to the step, held within the range."""
    if value == ABSENT and field.absent:
        return None
    number = (value - field.low + field.step // 2) // field.step
    held = field.low + min(max(number, 0), field.most) * field.step
    return field.names(held).name if field.names is not None else held / field.divisor


values = st.fixed_dictionaries({field.name: around(field) for field in GIVEN})


def test_a_typical_summary_arrives(encode: Encoder) -> None:
    payload = encode(TYPICAL, SHARES)
    assert len(payload) == 22
    assert decode_summary(payload) == {
        "layout": 1,
        "node_id": 4711,
        "sequence": 65_535,
        "time": 4_000_000_000,
        "laeq": 62.3,
        "lafmax": 80.2,
        "l10": 65.1,
        "l50": 60.0,
        "l90": 42.1,
        "samples_lost": 1,
        "reset_cause": "WATCHDOG",
        "temperature": -12,
        "supply": 3.3,
        "label_count": 3,
        "label_shares": SHARES,
    }


def test_a_summary_of_all_labels_fits_a_payload(encode: Encoder) -> None:
    payload = encode(TYPICAL, [100] * MAX_LABELS)
    assert len(payload) == MAX_SIZE <= LARGEST_PAYLOAD
    assert decode_summary(payload)["label_shares"] == [100] * MAX_LABELS


def test_more_labels_and_shares_than_there_can_be_are_held_back(encode: Encoder) -> None:
    payload = encode(TYPICAL, [255] * MAX_LABELS, label_count=1000)
    assert decode_summary(payload)["label_shares"] == [100] * MAX_LABELS


@many
@given(values=values, shares=st.lists(st.integers(0, 255), max_size=MAX_LABELS))
def test_whatever_is_encoded_is_decoded(
    encode: Encoder, javascript: Node, values: dict[str, int], shares: list[int]
) -> None:
    payload = encode(values, shares)
    decoded = decode_summary(payload)
    wanted = {field.name: expected(field, values[field.name]) for field in GIVEN}
    held = [min(share, 100) for share in shares]
    assert decoded == {"layout": 1, **wanted, "label_count": len(shares), "label_shares": held}
    assert javascript(payload) == {"data": decoded}


@many
@given(
    values=values,
    shares=st.lists(st.integers(0, 100), max_size=MAX_LABELS),
    flips=st.lists(st.integers(0, 8 * MAX_SIZE), max_size=3),
    size=st.integers(0, 60),
)
def test_both_decoders_take_and_refuse_the_same(
    encode: Encoder,
    javascript: Node,
    values: dict[str, int],
    shares: list[int],
    flips: list[int],
    size: int,
) -> None:
    payload = bytearray(encode(values, shares))
    for flip in flips:
        payload[flip // 8 % len(payload)] ^= 1 << flip % 8
    if size % 4 == 0:
        payload = payload[:size].ljust(size, b"\0")
    try:
        answer: Any = {"data": decode_summary(bytes(payload))}
    except SummaryError as error:
        answer = {"errors": [str(error)]}
    assert javascript(bytes(payload)) == answer


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda good: good[:10], "10 bytes are too few"),
        (lambda good: bytes([good[0] ^ 3]) + good[1:], "layout 2 is not known here"),
        (lambda good: bytes([good[0] ^ 3]), "layout 2 is not known here"),
        (lambda good: bytes([0x1E]) + bytes([0xFF] * 30), "layout 14 is not known here"),
        (lambda good: b"", "0 bytes are too few"),
        (lambda good: good + b"\0", "23 bytes do not hold 3 labels"),
        (lambda good: good[:-1], "21 bytes do not hold 3 labels"),
        (lambda good: good[:-1] + bytes([good[-1] | 0x80]), "bits are set that no node sets"),
        (
            lambda good: good[:16] + bytes([good[16] | 0b1110]) + good[17:],
            "reset_cause is 7, which has no name",
        ),
    ],
)
def test_what_is_no_summary_is_refused(encode: Encoder, javascript: Node, change: Any, problem: str) -> None:
    payload = change(encode(TYPICAL, SHARES))
    with pytest.raises(SummaryError, match=re.escape(problem)):
        decode_summary(payload)
    assert javascript(payload) == {"errors": [problem]}
