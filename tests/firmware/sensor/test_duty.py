"""A sensor with a duty cycle: a window at each waking, sleep in between, and a time that goes on."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from itertools import pairwise
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.link.protocol import SensorSource, SensorState
from edgel3_deploy.link.record import Record
from edgel3_deploy.link.summary import decode_summary
from edgel3_deploy.validate.sensor import Expected, SensorSettings, expect
from tests.firmware.sensor.conftest import LABELS, RATE
from tests.firmware.sensor.host import HostSensor, fake_chain
from tests.firmware.sensor.test_records import expected, sound

CYCLE = 10
COUNTS = 1_000
"""Of the harness's counter, a second."""
AWAKE = 2
"""Seconds that a waking hears: one to settle, and a window."""


@pytest.fixture
def sleeper(sensor: HostSensor) -> HostSensor:
    """It wakes every 10 s, and has just been started."""
    for name in ("slowed", "sped", "stops", "starts"):
        sensor.value(f"harness_{name}").value = 0
    quiet(sensor, True)
    sensor.set(duty_cycle=CYCLE)
    assert sensor.ask("start_sensor", source=SensorSource.MICROPHONE)[0] == "start_sensor"
    return sensor


def quiet(sensor: HostSensor, is_quiet: bool) -> None:
    ctypes.c_bool.in_dll(sensor.library, "harness_is_quiet").value = is_quiet


def counts(sensor: HostSensor, *names: str) -> list[int]:
    return [sensor.value(f"harness_{name}").value for name in names]


def pass_time(sensor: HostSensor, seconds: float) -> None:
    """Let time pass awake, and the main loop go round once."""
    sensor.library.harness_pass(int(seconds * COUNTS))
    sensor.library.harness_work(1)


def twin(samples: NDArray[np.int16], records: list[Record], **settings: int) -> Expected:
    """What a sensor gives that slept between those records as long as they say."""
    asleep = [
        (after.end - before.end) * (RATE // 8_000) - AWAKE * RATE for before, after in pairwise(records)
    ]
    return expect(fake_chain(LABELS), samples, RATE, [(0, SensorSettings(settings))], asleep=asleep)


def test_each_waking_makes_the_record_of_its_second_second(sleeper: HostSensor) -> None:
    samples = sound(3 * AWAKE, 31)
    sleeper.set(smoothing=2, calibration=9_400)
    sleeper.hear(samples)
    found = sleeper.records()
    assert found == list(twin(samples, found, smoothing=2, calibration=9_400).records)
    heard_on = expected(samples, (0, {"hop": 1000})).records[1::2]
    assert [record.embedding for record in found] == [record.embedding for record in heard_on]
    assert [(record.gap, record.lost, record.has_levels) for record in found] == [(True, 0, True)] * 3
    assert counts(sleeper, "starts", "stops") == [3, 3]
    assert counts(sleeper, "slowed", "sped") == [3, 2]


def test_the_end_of_a_window_is_told_in_time_not_in_what_was_heard(sleeper: HostSensor) -> None:
    sleeper.hear(sound(3 * AWAKE, 32))
    ends = [record.end / 8_000 for record in sleeper.records()]
    assert ends[0] == AWAKE
    # In this harness samples come in less than their time.
    for before, after in pairwise(ends):
        assert CYCLE - 2 * AWAKE <= after - before - AWAKE <= CYCLE
    assert sleeper.sensor()["samples"] == round(ends[-1] * RATE)


def test_asleep_it_says_so_and_requests_are_answered(sleeper: HostSensor) -> None:
    sleeper.hear(sound(AWAKE, 33))
    assert sleeper.sensor()["state"] == SensorState.ASLEEP
    sleeper.library.harness_work(3)
    assert sleeper.sensor()["windows"] == 1
    assert counts(sleeper, "slowed", "sped", "starts") == [1, 0, 1]


def test_wakings_keep_their_beat(sleeper: HostSensor) -> None:
    for _ in range(3):
        sleeper.hear(sound(AWAKE, 34))
        pass_time(sleeper, CYCLE)
        assert sleeper.sensor()["state"] == SensorState.LISTENING


def test_the_host_s_use_of_the_network_ends_the_sleep(sleeper: HostSensor) -> None:
    samples = sound(2 * AWAKE, 35)
    sleeper.hear(samples[: AWAKE * RATE])
    sleeper.library.harness_work(2)
    sleeper.ask("load_input", offset=0, data=b"\1")
    assert sleeper.sensor()["state"] == SensorState.RESTING
    assert counts(sleeper, "sped") == [1]
    pass_time(sleeper, 61)
    assert sleeper.sensor()["state"] == SensorState.LISTENING
    sleeper.hear(samples[AWAKE * RATE :])
    assert (
        sleeper.records()[1].embedding
        == expected(samples[AWAKE * RATE :], (0, {"hop": 1000})).records[1].embedding
    )


def test_what_the_host_plays_is_heard_without_sleep(sleeper: HostSensor) -> None:
    sleeper.hear(sound(AWAKE, 36))
    sleeper.library.harness_work(2)
    samples = sound(2.5, 37)
    sleeper.play(samples)
    assert counts(sleeper, "sped") == [1]
    wanted = expected(samples).records
    assert [replace(record, end=0) for record in sleeper.records()] == [
        replace(record, end=0) for record in wanted
    ]
    assert sleeper.sensor()["state"] == SensorState.PLAYING


def test_without_a_duty_cycle_it_wakes_at_once(sleeper: HostSensor) -> None:
    sleeper.hear(sound(AWAKE, 38))
    sleeper.set(duty_cycle=0)
    sleeper.library.harness_work(1)
    assert sleeper.sensor()["state"] == SensorState.LISTENING
    sleeper.hear(sound(AWAKE + 1, 39))
    assert sleeper.sensor()["windows"] == 3


def test_a_busy_link_keeps_its_clocks(sleeper: HostSensor) -> None:
    quiet(sleeper, False)
    sleeper.hear(sound(AWAKE, 40))
    sleeper.library.harness_work(5)
    assert counts(sleeper, "slowed") == [0]
    quiet(sleeper, True)
    sleeper.library.harness_work(1)
    assert counts(sleeper, "slowed") == [1]


def test_a_waking_waits_a_second_for_a_busy_link(sleeper: HostSensor) -> None:
    steps = []
    for is_quiet in (True, False):
        sleeper.hear(sound(AWAKE, 41))
        quiet(sleeper, True)
        sleeper.library.harness_work(1)
        quiet(sleeper, is_quiet)
        steps.append(0)
        while sleeper.sensor()["state"] == SensorState.ASLEEP:
            pass_time(sleeper, 0.1)
            steps[-1] += 1
    assert 7 <= steps[1] - steps[0] <= 12


def test_intervals_of_reports_count_the_sleep(sleeper: HostSensor) -> None:
    sleeper.set(report_interval=60)
    samples = sound(8 * AWAKE, 41)
    for number in range(8):
        sleeper.hear(samples[number * AWAKE * RATE : (number + 1) * AWAKE * RATE])
        pass_time(sleeper, 0)
    # 8 wakings of 2 s and 7 sleeps of about 10 s.
    assert sleeper.sensor()["summaries"] == 1
    passed = sleeper.sensor()["samples"] / RATE
    assert 8 * AWAKE + 7 * (CYCLE - 2 * AWAKE) <= passed <= 8 * AWAKE + 7 * CYCLE
    (summary,) = twin(samples, sleeper.records(), report_interval=60).summaries
    payload = cast(bytes, sleeper.ask("read_summary")[1]["data"])
    assert decode_summary(payload) == {**summary, "reset_cause": "POWER_ON"}
