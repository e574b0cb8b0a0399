"""Who has the network, where samples come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.link.protocol import AUDIO_WINDOW, MAX_CHUNK, ErrorCode, SensorSource, SensorState
from edgel3_deploy.link.record import record_size
from tests.firmware.sensor.conftest import LABELS, RATE
from tests.firmware.sensor.host import CHUNK, EMBEDDING, HostSensor, fake_chain
from tests.firmware.sensor.test_records import expected, sound

REST = 6001
"""Pieces of work until a rest is over: each takes 10 of a counter of 1,000 a second."""


def load_window(sensor: HostSensor, window: PcmArray) -> None:
    """The host makes the network's input of a window."""
    for start in range(0, len(window), CHUNK):
        data = window[start : start + CHUNK].astype("<i2").tobytes()
        flags = AUDIO_WINDOW if start + CHUNK >= len(window) else 0
        assert sensor.ask("load_audio", offset=start, flags=flags, data=data)[0] == "load_audio"


def test_a_board_with_a_microphone_listens_from_the_start(sensor: HostSensor) -> None:
    assert sensor.sensor() == {
        "state": SensorState.LISTENING,
        "has_microphone": 1,
        "rate": RATE,
        "samples": 0,
        "lost": 0,
        "hop": 8000,
        "windows": 0,
        "oldest": 0,
        "label_count": LABELS,
        "bands": 64,
        "embedding_size": EMBEDDING,
        "record_size": record_size(LABELS, 64, EMBEDDING),
        "summaries": 0,
    }


def test_a_microphone_that_does_not_answer_is_none(sensor_library: Path) -> None:
    sensor = HostSensor(sensor_library, LABELS, has_microphone=False)
    assert sensor.sensor()["state"] == SensorState.NO_SOURCE
    assert sensor.sensor()["has_microphone"] == 0
    refused = sensor.ask("start_sensor", source=SensorSource.MICROPHONE)
    assert refused[1]["code"] == ErrorCode.NOT_SUPPORTED
    assert sensor.ask("play_audio", offset=0, data=b"")[1]["code"] == ErrorCode.NOT_SUPPORTED
    samples = sound(2.5, 1)
    sensor.play(samples)
    assert sensor.sensor()["state"] == SensorState.PLAYING
    assert sensor.records() == list(expected(samples).records)


def test_starting_anew_forgets_what_was_heard(sensor: HostSensor) -> None:
    sensor.hear(sound(2.5, 2))
    samples = sound(1.5, 3)
    sensor.play(samples)
    assert sensor.records() == list(expected(samples).records)
    answer = sensor.ask("start_sensor", source=SensorSource.MICROPHONE)[1]
    assert (answer["state"], answer["windows"], answer["samples"]) == (SensorState.LISTENING, 0, 0)
    assert sensor.value("harness_starts").value == 2


@pytest.mark.parametrize("playing", [False, True])
def test_the_network_is_the_host_s_until_it_has_been_left_alone(sensor: HostSensor, playing: bool) -> None:
    samples, window = sound(2.7, 4), sound(1, 5, 8_000)
    if playing:
        sensor.play(samples[:RATE])
    else:
        sensor.hear(samples[:RATE])
    chain = fake_chain(LABELS)
    inputs = chain.inputs(window[np.newaxis])
    load_window(sensor, window)
    assert sensor.sensor()["state"] == SensorState.RESTING
    sensor.library.harness_work(REST // 2)
    assert sensor.ask("run", flags=0)[0] == "run"
    sensor.library.harness_work(REST // 2)
    assert sensor.ask("read_input", offset=0, length=512)[1]["data"] == inputs.tobytes()[:512]
    output = sensor.ask("read_output", offset=0, length=512)[1]["data"]
    assert output == chain.embeddings(inputs)[0, :512].tobytes()
    assert sensor.ask("play_audio", offset=RATE, data=b"")[1]["code"] == ErrorCode.NOT_SUPPORTED
    sensor.library.harness_work(REST)
    state = SensorState.PLAYING if playing else SensorState.LISTENING
    assert (sensor.sensor()["state"], sensor.sensor()["windows"]) == (state, 1)
    if playing:
        sensor.play(samples[RATE:], begin=False, at=RATE)
    else:
        sensor.hear(samples[RATE:])
    first, second = sensor.records()
    assert (second.sequence, second.gap, second.end) == (1, True, 16_000)
    assert second.embedding == expected(samples[RATE:]).records[0].embedding
    assert first.embedding == expected(samples).records[0].embedding


def test_who_stops_playing_leaves_the_sensor_to_its_microphone(sensor: HostSensor) -> None:
    """After a minute: sequence and counts go on, and the next window is the first behind a gap."""
    samples, heard = sound(1.5, 16), sound(1.2, 17)
    sensor.play(samples[:RATE])
    sensor.library.harness_work(REST // 2)
    sensor.play(samples[RATE:], begin=False, at=RATE)
    sensor.library.harness_work(REST - 100)
    assert sensor.sensor()["state"] == SensorState.PLAYING
    sensor.library.harness_work(101)
    assert sensor.sensor()["state"] == SensorState.LISTENING
    assert sensor.ask("play_audio", offset=len(samples), data=b"")[1]["code"] == ErrorCode.NOT_SUPPORTED
    assert sensor.value("harness_starts").value == 2
    sensor.hear(heard)
    first, second = sensor.records()
    assert first == expected(samples).records[0]
    assert (second.sequence, second.gap, second.end) == (1, True, len(samples) // 6 + 8_000)
    assert second.embedding == expected(heard).records[0].embedding


def test_without_a_microphone_it_waits_for_what_is_played(sensor_library: Path) -> None:
    sensor = HostSensor(sensor_library, LABELS, has_microphone=False)
    samples = sound(1.5, 18)
    sensor.play(samples[:RATE])
    sensor.library.harness_work(2 * REST)
    sensor.play(samples[RATE:], begin=False, at=RATE)
    assert sensor.records() == list(expected(samples).records)


def test_what_the_rest_leaves_is_forgotten(sensor: HostSensor) -> None:
    load_window(sensor, sound(1, 6, 8_000))
    sensor.ask("run", flags=0)
    sensor.library.harness_work(REST + 1)
    for name, fields in (
        ("read_output", {"offset": 0, "length": 4}),
        ("read_input", {"offset": 0, "length": 4}),
        ("read_labels", {}),
        ("load_audio", {"offset": 8000, "flags": 0, "data": b"\0\0"}),
    ):
        codes = (ErrorCode.NO_RESULT, ErrorCode.INPUT_INCOMPLETE, ErrorCode.OUT_OF_RANGE)
        assert sensor.ask(name, **fields)[1]["code"] in codes, name


def test_a_start_ends_the_rest(sensor: HostSensor) -> None:
    sensor.ask("load_input", offset=0, data=b"\1")
    assert sensor.sensor()["state"] == SensorState.RESTING
    samples = sound(1.5, 7)
    sensor.play(samples)
    assert sensor.records() == list(expected(samples).records)


def test_settings_that_change_during_a_rest_count_behind_it(sensor: HostSensor) -> None:
    sensor.hear(sound(1.2, 8))
    sensor.ask("load_input", offset=0, data=b"\1")
    sensor.set(hop=300, gain=1 << 15)
    sensor.library.harness_work(REST + 1)
    samples = sound(1.7, 9)
    sensor.hear(samples)
    records = sensor.records()[1:]
    twin = expected(samples, (0, {"hop": 300, "gain": 1 << 15})).records
    assert [record.embedding for record in records] == [record.embedding for record in twin]
    assert [record.laeq for record in records] == [record.laeq for record in twin]


def test_a_board_without_source_keeps_the_host_s_results(sensor_library: Path) -> None:
    sensor = HostSensor(sensor_library, LABELS, has_microphone=False)
    load_window(sensor, sound(1, 10, 8_000))
    sensor.ask("run", flags=0)
    sensor.library.harness_work(2 * REST)
    assert sensor.sensor()["state"] == SensorState.NO_SOURCE
    assert sensor.ask("read_output", offset=0, length=4)[0] == "read_output"


def test_a_chunk_that_is_repeated_counts_once_and_a_gap_is_refused(sensor: HostSensor) -> None:
    data = sound(0.01, 11).astype("<i2").tobytes()[: 2 * CHUNK]
    sensor.play(np.zeros(0, np.int16))
    for _ in range(2):
        assert sensor.ask("play_audio", offset=0, data=data) == ("play_audio", {"next": CHUNK, "windows": 0})
    assert sensor.sensor()["samples"] == CHUNK
    for offset in (1, CHUNK - 1, CHUNK + 1, 0xFFFF_FFFF):
        name, answer = sensor.ask("play_audio", offset=offset, data=data)
        assert (name, answer["code"], answer["detail"]) == ("error", ErrorCode.OUT_OF_RANGE, offset)
    assert sensor.ask("play_audio", offset=CHUNK, data=b"\0")[1]["code"] == ErrorCode.OUT_OF_RANGE


def test_records_are_held_for_a_while(sensor: HostSensor) -> None:
    sensor.set(hop=100)
    samples = sound(2.05, 12)
    sensor.hear(samples)
    records = expected(samples, (0, {"hop": 100})).records
    assert len(records) == 11
    assert (sensor.sensor()["windows"], sensor.sensor()["oldest"]) == (11, 3)
    assert sensor.records() == list(records[3:])
    gone = sensor.ask("read_record", sequence=2, offset=0, length=4)[1]
    assert (gone["code"], gone["detail"]) == (ErrorCode.OUT_OF_RANGE, 3)
    coming = sensor.ask("read_record", sequence=11, offset=0, length=4)[1]
    assert (coming["code"], coming["detail"]) == (ErrorCode.NO_RESULT, 11)


@pytest.mark.parametrize(("offset", "length"), [(0, MAX_CHUNK + 1), (840, 100), (0xFFFF, 1)])
def test_more_than_a_record_is_refused(sensor: HostSensor, offset: int, length: int) -> None:
    sensor.hear(sound(1.1, 13))
    answer = sensor.ask("read_record", sequence=0, offset=offset, length=length)[1]
    assert answer["code"] == ErrorCode.OUT_OF_RANGE


def test_what_was_spent_is_counted(sensor: HostSensor) -> None:
    """A look at the counter takes 10: one for each block, and two for each of the network's pauses."""
    sensor.play(sound(2.1, 14), size=512 // 2)
    blocks = [-(-RATE // CHUNK) * 10, (RATE // CHUNK + 1) * 10]
    pauses = 2 * 41 * 10
    for record, least in zip(map(sensor.record, range(2)), blocks, strict=True):
        assert least + pauses <= record.busy <= least + pauses + 100


def test_there_is_no_summary_before_the_first(sensor: HostSensor) -> None:
    sensor.hear(sound(1.1, 15))
    assert sensor.ask("read_summary")[1]["code"] == ErrorCode.NO_RESULT


def test_an_unknown_source_is_refused(sensor: HostSensor) -> None:
    assert sensor.ask("start_sensor", source=2)[1]["code"] == ErrorCode.OUT_OF_RANGE
