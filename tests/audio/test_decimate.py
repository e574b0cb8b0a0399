"""Decimators: what they pass and stop, that no sum overflows, and that the twin is the textbook's filter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgel3_deploy.audio.decimate import (
    FRACTION_BITS,
    PASS_BAND_HZ,
    STOP_BAND_HZ,
    decimate,
    delay_seconds,
    filters,
    fits,
    response_db,
)
from edgel3_deploy.errors import BadInputError

TO_8_KHZ = (48_000, 16_000)
ATTENUATION_DB, RIPPLE_DB = 74.5, 0.003


@pytest.mark.parametrize("rate", TO_8_KHZ)
def test_pass_band_and_stop_band_of_the_integer_taps(rate: int) -> None:
    stages = filters(rate, 8_000)
    passed = response_db(rate, stages, np.linspace(1.0, PASS_BAND_HZ, 4_000))
    stopped = response_db(rate, stages, np.linspace(STOP_BAND_HZ, rate / 2, 20_000))
    assert np.abs(passed).max() <= RIPPLE_DB
    assert stopped.max() <= -ATTENUATION_DB


@pytest.mark.parametrize("frequency", [1_000.0, 3_500.0, 4_100.0, 5_000.0, 12_000.0, 15_000.0, 23_000.0])
def test_tones_come_out_as_the_response_says(frequency: float) -> None:
    stages = filters(48_000, 8_000)
    tone = np.rint(30_000 * np.sin(2 * np.pi * frequency * np.arange(48_000) / 48_000)).astype(np.int16)
    settled = decimate(tone, stages)[400:].astype(float)
    level = 10 * math.log10(2 * (settled**2).mean() / 30_000**2 + 1e-12)
    gain = response_db(48_000, stages, np.array([frequency]))[0]
    if gain > -60:
        assert level == pytest.approx(gain, abs=0.01)
    else:
        assert level < -ATTENUATION_DB


@pytest.mark.parametrize("rate", TO_8_KHZ)
def test_no_sum_overflows_and_no_rounding_is_close(rate: int) -> None:
    """A tap near a half could be rounded otherwise on another machine."""
    for stage in filters(rate, 8_000):
        taps = stage.taps.astype(np.float64)
        assert fits(taps)
        assert np.array_equal(stage.taps, stage.taps[::-1])
        assert abs(taps.sum() / 2**FRACTION_BITS - 1) < 1e-4


def test_32_bits_would_not_be_enough() -> None:
    """Why sums have 64 bits: taps in Q15, all that int32 leaves room for, could sum up beyond it."""
    taps = filters(16_000, 8_000)[-1].taps.astype(np.int64)
    assert np.abs(taps).sum() // 2 * 2**15 > 2**31


@pytest.mark.parametrize(
    "taps", [np.ones(12), np.full(8, 2.0**15), np.ones(264)], ids=["no eights", "no int16", "too many"]
)
def test_taps_that_do_not_fit_are_seen(taps: np.ndarray) -> None:
    assert fits(np.ones(16))
    assert not fits(taps)


def test_the_twin_is_a_convolution() -> None:
    samples = np.random.default_rng(0).integers(-(2**15), 2**15, 5_000).astype(np.int16)
    (stage,) = filters(16_000, 8_000)
    whole = np.convolve(samples.astype(np.int64), stage.taps.astype(np.int64))[: len(samples)]
    expected = np.clip((whole[::2] + (1 << 15)) >> 16, -(2**15), 2**15 - 1)
    np.testing.assert_array_equal(decimate(samples, (stage,)), expected)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 7])
def test_an_output_comes_with_the_first_sample_that_decides_it(count: int) -> None:
    assert len(decimate(np.ones(count, np.int16), filters(48_000, 8_000))) == math.ceil(count / 6)


def test_the_delay_is_that_of_an_impulse() -> None:
    stages = filters(48_000, 8_000)
    impulse = np.zeros(4_800, np.int16)
    impulse[1_200] = 32_000
    out = decimate(impulse, stages).astype(float)
    centre = (out**2 * np.arange(len(out))).sum() / (out**2).sum() / 8_000
    assert centre - 1_200 / 48_000 == pytest.approx(delay_seconds(48_000, stages), abs=1e-5)


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_equal_rates_need_no_filter(rate: int) -> None:
    samples = np.arange(100, dtype=np.int16)
    assert filters(rate, rate) == ()
    assert decimate(samples, ()) is samples


@pytest.mark.parametrize(("rate", "target"), [(44_100, 8_000), (8_000, 48_000), (48_000, 16_000), (11, 11)])
def test_other_rates_are_refused(rate: int, target: int) -> None:
    with pytest.raises(BadInputError, match=f"from {rate} to {target}") as error:
        filters(rate, target)
    assert "48000 -> 8000" in error.value.hint
