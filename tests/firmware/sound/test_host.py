"""The firmware's sound path gives the twin's PCM and levels, bit by bit, however its input is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.audio.compensate import taps
from edgel3_deploy.audio.condition import MAX_GAIN
from edgel3_deploy.audio.decimate import filters
from edgel3_deploy.audio.sound_level import LOWEST, Levels, log2
from edgel3_deploy.audio.sound_path import hear
from tests.firmware.sound.host import RATES, HostSound, pointer, same
from tests.firmware.sound.sounds import street

UNITY = 1 << 16


@pytest.mark.parametrize(("rate", "target"), RATES)
@pytest.mark.parametrize("gain", [UNITY, 40_000, 5 * UNITY, MAX_GAIN, 1])
def test_equals_the_twin_from_24_bits(host_sound: HostSound, rate: int, target: int, gain: int) -> None:
    samples = street(rate, 1.1)
    heard = host_sound.start(rate, target, gain).hear(samples, range(0, len(samples), rate // 100))
    assert same(heard, hear(samples, rate, target, gain=gain))
    assert heard.seconds[0].clipped > 0


@pytest.mark.parametrize(("rate", "target"), RATES)
def test_equals_the_twin_from_16_bits(host_sound: HostSound, rate: int, target: int) -> None:
    samples = (street(rate, 2.2) >> 8).astype(np.int16)
    heard = host_sound.start(rate, target).hear(samples, range(0, len(samples), 1000))
    assert same(heard, hear(samples, rate, target, bits=16))


@pytest.mark.parametrize(("rate", "target"), RATES)
@pytest.mark.parametrize("gain", [UNITY, 5 * UNITY])
def test_equals_the_twin_with_the_microphone_s_filter_compensated(
    host_sound: HostSound, rate: int, target: int, gain: int
) -> None:
    samples = (street(rate, 1.1) >> 8).astype(np.int16)
    path = host_sound.start(rate, target, gain, microphone=True)
    heard = path.hear(samples, range(0, len(samples), rate // 100))
    expected = hear(samples, rate, target, bits=16, gain=gain, compensated=True)
    assert same(heard, expected)
    assert not same(expected, hear(samples, rate, target, bits=16, gain=gain))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_sums_of_the_compensation_saturate(host_sound: HostSound, sign: int) -> None:
    signs = np.tile(np.where(taps() < 0, -sign, sign), 100)
    samples = np.where(signs > 0, 32767, -32768).astype(np.int16)
    expected = hear(samples, 48_000, 48_000, bits=16, compensated=True)
    path = host_sound.start(48_000, 48_000, microphone=True)
    assert same(path.hear(samples, range(0, len(samples), 97)), expected)
    assert {-32768, 32767} <= set(expected.pcm.tolist())


@given(ends=st.lists(st.integers(0, 17_000), max_size=40), single=st.integers(0, 16_900))
@settings(max_examples=40)
def test_any_cuts_give_the_same_bits(host_sound: HostSound, ends: list[int], single: int) -> None:
    samples = street(16_000, 17_000 / 16_000, seed=3)
    whole = host_sound.start(16_000, 8_000, microphone=True).hear(samples, ())
    one_by_one = range(single, single + 100)
    cut = host_sound.start(16_000, 8_000, microphone=True).hear(samples, [*ends, *one_by_one])
    assert same(cut, whole)


@pytest.mark.parametrize(("rate", "target"), RATES)
def test_pcm_may_replace_the_samples(host_sound: HostSound, rate: int, target: int) -> None:
    samples = (street(rate, 1.3) >> 8).astype(np.int16)
    expected = hear(samples, rate, target, bits=16)
    path, pcm = host_sound.start(rate, target), []
    for first in range(0, len(samples), 777):
        block = samples[first : first + 777].copy()
        count = host_sound.library.sound_run_16(path.memory, pointer(block), len(block), pointer(block))
        pcm.append(block[:count])
    np.testing.assert_array_equal(np.concatenate(pcm), expected.pcm)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("rate", [48_000, 16_000])
def test_the_largest_sums_saturate(host_sound: HostSound, rate: int, sign: int) -> None:
    """Full scale in the signs of the last stage's taps, held so long that each stage before reaches it."""
    stages = filters(rate, 8_000)
    before = 3 if len(stages) == 2 else 1
    signs = np.repeat(np.where(stages[-1].taps < 0, -sign, sign), before)
    samples = np.where(np.tile(signs, 20) > 0, 32767, -32768).astype(np.int16)
    expected = hear(samples, rate, 8_000, bits=16)
    assert same(host_sound.start(rate, 8_000).hear(samples, range(0, len(samples), 100)), expected)
    assert {-32768, 32767} <= {int(expected.pcm.min()), int(expected.pcm.max())}


def test_a_report_covers_the_seconds_since_the_last(host_sound: HostSound) -> None:
    rate = 8_000
    path = host_sound.start(rate, rate)
    loud = np.rint(2.0**22 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)).astype(np.int32)
    assert path.report() == Levels(LOWEST, LOWEST, LOWEST, LOWEST, LOWEST)
    path.run(loud)
    assert path.report().laeq == pytest.approx(-602, abs=2)
    assert path.report() == Levels(LOWEST, LOWEST, LOWEST, LOWEST, LOWEST)
    for _ in range(3):
        path.run(np.zeros(rate, np.int32))
    path.report()
    path.run(loud // 10)
    assert path.report().laeq == pytest.approx(-2602, abs=2)


def test_calibration_moves_all_levels(host_sound: HostSound) -> None:
    assert host_sound.calibrated(Levels(-4000, -3000, -3500, -4100, -5000, 7), 12_010) == Levels(
        8010, 9010, 8510, 7910, 7010, 7
    )


@given(st.integers(1, 2**64 - 1) | st.integers(0, 63).map(lambda bit: 1 << bit))
@settings(max_examples=500)
def test_log2_equals_the_twin(host_sound: HostSound, value: int) -> None:
    assert host_sound.log2(value) == log2(value)
