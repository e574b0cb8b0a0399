"""What the sensor hears becomes the records that its twin expects, bit by bit, however the samples come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.audio.sound_path import hear
from edgel3_deploy.link.record import Record
from edgel3_deploy.link.summary import decode_summary
from edgel3_deploy.validate.sensor import Expected, SensorSettings, expect
from tests.firmware.sensor.conftest import LABELS, RATE
from tests.firmware.sensor.host import HostSensor, build_sensor, fake_chain


def sound(seconds: float, seed: int, rate: int = RATE) -> NDArray[np.int16]:
    """Noise whose loudness changes ten times a second, clipped now and then."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate)
    loudness = np.repeat(rng.uniform(100, 16_000, count * 10 // rate + 1), rate // 10)[:count]
    samples: NDArray[np.int16] = np.clip(rng.normal(0, loudness) + 500, -32768, 32767).astype(np.int16)
    return samples


def expected(
    samples: NDArray[np.int16], *settings: tuple[int, dict[str, int]], labels: int = LABELS, rate: int = RATE
) -> Expected:
    values = [(at, SensorSettings(changed)) for at, changed in settings or ((0, {}),)]
    return expect(fake_chain(labels), samples, rate, values)


def held(records: Sequence[Record]) -> list[Record]:
    return list(records[-8:])


@pytest.mark.parametrize("look", [0, 37, 480])
def test_the_microphone_s_samples_give_the_same_records_however_they_come(
    sensor: HostSensor, look: int
) -> None:
    samples = sound(4.3, 1)
    sensor.set(hop=500, smoothing=3, calibration=1234)
    sensor.hear(samples, look=look)
    twin = expected(samples, (0, {"hop": 500, "smoothing": 3, "calibration": 1234}))
    assert len(twin.records) == 7
    assert sensor.records() == list(twin.records)
    assert [record.gap for record in twin.records] == [True] + 6 * [False]
    assert any(record.clipped for record in twin.records)
    assert sensor.sensor()["samples"] == len(samples)


@pytest.mark.parametrize("size", [64, 255, 256])
def test_what_the_host_plays_gives_the_same_records(sensor: HostSensor, size: int) -> None:
    samples = sound(3.2, 2)
    sensor.set(hop=700)
    sensor.play(samples, size=size)
    assert sensor.records() == list(expected(samples, (0, {"hop": 700})).records)


@pytest.mark.parametrize("hop", [100, 130, 999, 1000, 1001, 2300])
def test_windows_follow_each_other_in_the_hop_that_is_set(sensor: HostSensor, hop: int) -> None:
    samples = sound(3.6, 3)
    sensor.set(hop=hop)
    sensor.hear(samples)
    records = expected(samples, (0, {"hop": hop})).records
    assert sensor.records() == held(records)
    distance = records[1].end - records[0].end
    assert distance == (hop * 8 if hop >= 1000 else -(-hop * 8 // SEA.hop_length) * SEA.hop_length)
    assert sensor.sensor()["hop"] == distance


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_other_microphones_have_other_decimators(
    host_gcc: Path, repository: Path, tmp_path: Path, rate: int
) -> None:
    samples = sound(2.5, 4, rate)
    sensor = HostSensor(build_sensor(host_gcc, repository, tmp_path, rate, 40), 40)
    sensor.set(hop=300)
    sensor.hear(samples)
    assert sensor.records() == list(expected(samples, (0, {"hop": 300}), labels=40, rate=rate).records)


def test_labels_beyond_those_with_thresholds_of_their_own_have_the_defaults(
    host_gcc: Path, repository: Path, tmp_path: Path
) -> None:
    samples = sound(2.1, 5)
    sensor = HostSensor(build_sensor(host_gcc, repository, tmp_path, RATE, 40), 40)
    changed = {f"threshold_on.{number}": 255 for number in range(32)}
    sensor.set(**changed)
    sensor.hear(samples)
    records = expected(samples, (0, changed), labels=40).records
    assert sensor.records() == list(records)
    on = [score >= 0 for score in records[0].scores]
    assert records[0].present[32:] == tuple(on[32:])
    assert any(on[:32]) and any(on[32:])
    assert not any(records[0].present[:32])


def test_a_change_of_settings_counts_from_the_next_sample_on(sensor: HostSensor) -> None:
    """Among them those that begin the sound path anew, and a hop that is over when it is set."""
    samples = sound(7, 6)
    changes: list[tuple[int, dict[str, int]]] = [
        (0, {}),
        (61_440, {"hop": 300, "calibration": -200}),
        (96_000, {"hop": 300, "threshold_on.1": 10, "threshold_off.1": 200, "smoothing": 4}),
        (150_016, {"hop": 2000, "gain": 3 << 15, "report_interval": 1}),
        (250_112, {"hop": 150, "gain": 3 << 15, "report_interval": 1, "node_id": 9}),
    ]
    defaults = {name: SensorSettings({})[name] for _, values in changes for name in values}
    sensor.play(samples[:0])
    found: list[Record] = []
    for (at, values), end in zip(changes, [at for at, _ in changes[1:]] + [len(samples)], strict=True):
        sensor.set(**{**defaults, **values})
        for start in range(at, end, 4096):
            sensor.play(samples[start : min(start + 4096, end)], begin=False, at=start)
            found += [record for record in sensor.records() if record.sequence >= len(found)]
    twin = expected(samples, *changes)
    assert found == list(twin.records)
    assert sensor.sensor()["summaries"] == len(twin.summaries)


def test_behind_a_loss_windows_begin_anew(sensor: HostSensor) -> None:
    samples = sound(4, 7)
    sensor.set(hop=500)
    sensor.hear(samples[:100_001])
    sensor.lose(4_711)
    sensor.hear(samples[100_001:])
    records = sensor.records()
    assert [record.lost for record in records] == [0, 0, 0, 4711, 4711]
    assert [record.gap for record in records] == [True, False, False, True, False]
    pcm = hear(samples.tolist(), RATE, 8_000, bits=16).pcm
    begin = -(-100_001 // 6)
    assert records[3].end == begin + 8_000
    chain = fake_chain(LABELS)
    embedding = chain.embeddings(chain.inputs(pcm[np.newaxis, begin : begin + 8_000]))
    assert records[3].embedding == tuple(embedding[0].tolist())
    assert sensor.sensor()["lost"] == 4711


def test_a_loss_while_no_window_is_under_way_delays_none(sensor: HostSensor) -> None:
    samples = sound(7, 8)
    sensor.set(hop=3000)
    sensor.hear(samples[: RATE * 2])
    sensor.lose(10)
    sensor.hear(samples[RATE * 2 :])
    whole = expected(samples, (0, {"hop": 3000})).records
    assert sensor.records() == [
        whole[0],
        replace(whole[1], lost=10, gap=True),
        replace(whole[2], lost=10),
    ]


def test_a_window_that_the_network_fails_on_has_no_record(sensor: HostSensor) -> None:
    samples = sound(3, 9)
    sensor.hear(samples[:RATE])
    sensor.value("harness_failures").value = 1
    sensor.hear(samples[RATE:])
    assert [record.end for record in sensor.records()] == [8_000, 24_000]
    assert [record.gap for record in sensor.records()] == [True, True]


def test_summaries_come_in_the_interval_that_is_set(sensor: HostSensor) -> None:
    samples = sound(6.1, 10)
    changed = {"hop": 400, "report_interval": 2, "node_id": 513, "calibration": 9_400}
    sensor.set(**changed)
    twin = expected(samples, (0, changed))
    assert len(twin.summaries) == 3
    for number, summary in enumerate(twin.summaries):
        assert sensor.sensor()["summaries"] == number
        sensor.hear(samples[number * 2 * RATE : (number + 1) * 2 * RATE])
        _, answer = sensor.ask("read_summary")
        found = decode_summary(cast(bytes, answer["data"]))
        assert found == {**summary, "reset_cause": "POWER_ON"}


def test_a_summary_tells_of_a_loss_once(sensor: HostSensor) -> None:
    sensor.set(report_interval=1)
    told = []
    for number, lost in enumerate((0, 5, 0)):
        if lost:
            sensor.lose(lost)
        sensor.hear(sound(1, number))
        _, answer = sensor.ask("read_summary")
        told.append(decode_summary(cast(bytes, answer["data"]))["samples_lost"])
    assert told == [0, 1, 0]


@pytest.fixture(scope="module")
def lending_library(host_gcc: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lending")
    return build_sensor(host_gcc, repository, folder, RATE, LABELS, streams=False)


@pytest.mark.parametrize(("hop", "gaps"), [(1000, False), (1700, False), (500, True)])
def test_where_the_network_has_the_front_end_s_memory_each_window_begins_anew(
    lending_library: Path, hop: int, gaps: bool
) -> None:
    """A hop below a second cannot be kept, which records tell."""
    samples, sensor = sound(4.4, 11), HostSensor(lending_library, LABELS)
    sensor.set(hop=hop)
    sensor.play(samples)
    settings = [(0, SensorSettings({"hop": hop}))]
    records = expect(replace(fake_chain(LABELS), streams=False), samples, RATE, settings).records
    assert sensor.records() == list(records)
    assert [record.gap for record in records[1:]] == [gaps] * (len(records) - 1)
    assert records[1].end - records[0].end == max(hop, 1000) * 8


def test_what_comes_while_the_network_has_that_memory_is_metered_only(lending_library: Path) -> None:
    """The microphone goes on during a run: the next window begins behind it, in one piece."""
    samples, sensor = sound(4.4, 12), HostSensor(lending_library, LABELS)
    sensor.hear(samples, look=480)
    records = sensor.records()
    assert len(records) == 3
    pcm = hear(samples.tolist(), RATE, 8_000, bits=16).pcm
    chain = fake_chain(LABELS)
    for before, record in pairwise(records):
        assert record.gap and record.end > before.end + 8_000
        embedding = chain.embeddings(chain.inputs(pcm[np.newaxis, record.end - 8_000 : record.end]))
        assert record.embedding == tuple(embedding[0].tolist())
    assert sensor.sensor()["lost"] == 0
