"""What the host asks a sensor, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import NotSupportedError, RefusedError
from edgel3_deploy.link.protocol import ErrorCode, SensorSource, SensorState
from edgel3_deploy.link.record import decode_record
from tests.link.fake_sensor import BANDS, EMBEDDING, HOP, LABELS, FakeSensorBoard, record_bytes
from tests.link.sessions import patient_port

CHUNK = bytes(512)


@contextmanager
def session(**options: Any) -> Iterator[tuple[Client, FakeSensorBoard]]:
    with FakeSensorBoard(**options) as board, patient_port(board) as port:
        client = Client(port, timeout=0.2, run_timeout=2.0)
        client.hello()
        yield client, board


@pytest.mark.parametrize("lost", [{}, {"lose": frozenset({3})}, {"mishear": frozenset({3})}])
def test_what_is_played_is_heard_once_and_read_as_records(lost: dict[str, Any]) -> None:
    with session(**lost) as (client, board):
        assert client.read_sensor().state is SensorState.NO_SOURCE
        sensor = client.start_sensor(SensorSource.LINK)
        assert (sensor.state, sensor.rate, sensor.windows) == (SensorState.PLAYING, 48_000, 0)
        assert client.read_record(0, sensor) is None
        assert [client.play_audio(256 * number, CHUNK) for number in range(6)] == [0, 1, 1, 2, 2, 3]
        assert board.played == 6 * CHUNK
        record = client.read_record(2, sensor)
        assert record == decode_record(record_bytes(2), LABELS, BANDS, EMBEDDING)


def test_a_record_that_is_gone_is_told_from_one_that_is_not_there_yet() -> None:
    with session() as (client, _):
        sensor = client.start_sensor(SensorSource.LINK)
        for number in range(12):
            client.play_audio(256 * number, CHUNK)
        assert client.read_record(6, sensor) is None
        with pytest.raises(RefusedError, match="no longer holds that record, only from 2 on") as refused:
            client.read_record(1, sensor)
        assert (refused.value.code, refused.value.detail) == (ErrorCode.OUT_OF_RANGE, 2)


def test_the_newest_summary_is_read() -> None:
    with session() as (client, _):
        client.start_sensor(SensorSource.LINK)
        assert client.read_summary() is None
        for number in range(2):
            client.play_audio(256 * number, CHUNK)
        assert client.read_summary() == b"summary"


def test_a_gap_in_what_is_played_is_refused() -> None:
    with session() as (client, _):
        client.start_sensor(SensorSource.LINK)
        with pytest.raises(RefusedError, match="samples are missing"):
            client.play_audio(HOP, CHUNK)


def test_a_board_without_microphone_says_so() -> None:
    with session() as (client, _), pytest.raises(NotSupportedError, match="no microphone"):
        client.start_sensor(SensorSource.MICROPHONE)


def test_a_board_that_listens_plays_nothing() -> None:
    with session(has_microphone=True) as (client, _):
        assert client.start_sensor(SensorSource.MICROPHONE).state is SensorState.LISTENING
        with pytest.raises(NotSupportedError, match="does not play"):
            client.play_audio(0, CHUNK)


def test_records_of_another_size_are_refused() -> None:
    with session() as (client, _):
        sensor = client.start_sensor(SensorSource.LINK)
        with pytest.raises(LinkError, match="does not allow: records of 7 bytes"):
            client.read_record(0, replace(sensor, record_size=7))


def test_long_offsets_go_round_as_the_board_counts() -> None:
    with session() as (client, _):
        client.start_sensor(SensorSource.LINK)
        with pytest.raises(RefusedError, match="samples are missing"):
            client.play_audio(1 << 32 | 5, CHUNK)
