"""What conditioning does to samples; that the firmware does the same is tested in tests/firmware/sound."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.audio.condition import MAX_GAIN, condition, corner_hz, gain, shift

RATES = (8_000, 16_000, 48_000)


def tone(rate: int, frequency: float, amplitude: float, seconds: float = 1.0) -> NDArray[np.int32]:
    """24-bit samples."""
    angle = 2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate
    return np.rint(amplitude * np.sin(angle)).astype(np.int32)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("offset", [-(2**23) + 1, -1, 1, 12_345, 2**23 - 2])
def test_a_constant_becomes_exactly_zero(rate: int, offset: int) -> None:
    """After e^-30 of it is left: 30 times 2^shift samples."""
    settled = condition([offset] * (31 << shift(rate)), rate, gain=MAX_GAIN).pcm[30 << shift(rate) :]
    assert not settled.any()


@pytest.mark.parametrize("rate", RATES)
def test_the_corner_is_at_half_power(rate: int) -> None:
    corner = corner_hz(rate)
    assert 1.0 <= corner <= 2.0
    settled = condition(tone(rate, corner, 2.0**22, 3).tolist(), rate).pcm[rate:]
    half = 2 * (settled.astype(float) ** 2).mean() / 2.0**28
    assert 10 * np.log10(half) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("rate", RATES)
def test_what_is_heard_passes(rate: int) -> None:
    """20 Hz loses less than 0.05 dB."""
    settled = condition(tone(rate, 20.0, 2.0**22, 2).tolist(), rate).pcm[rate:]
    assert -0.05 < 10 * np.log10(2 * (settled.astype(float) ** 2).mean() / 2.0**28) <= 0.01


def test_24_bits_are_rounded_to_16() -> None:
    """Halves up, before the mean has moved."""
    samples = np.array([0, 127, 128, 255, 256, -128, -129])
    assert condition(samples, 48_000).pcm.tolist() == [0, 0, 1, 1, 1, 0, -1]


def test_16_bits_stay_what_they_are() -> None:
    """Until the mean has moved."""
    assert condition([100, -100, 7], 48_000, bits=16).pcm.tolist() == [100, -100, 7]


def test_gain_is_in_decibels() -> None:
    assert (gain(0), gain(6.0206), gain(-20)) == (1 << 16, 1 << 17, 6554)
    quiet = tone(48_000, 1000.0, 2.0**12)
    raised = condition(quiet, 48_000, gain=gain(30)).pcm
    assert np.abs(raised).max() == pytest.approx(16 * 10**1.5, abs=1.5)


@pytest.mark.parametrize("decibels", [36.2, -61.0, float("nan")])
def test_gains_have_limits(decibels: float) -> None:
    with pytest.raises(ValueError, match="36 dB"):
        gain(decibels)


def test_what_the_firmware_cannot_do_is_refused() -> None:
    for arguments in ({"bits": 20}, {"gain": 0}, {"gain": MAX_GAIN + 1}):
        with pytest.raises(ValueError, match="16 or 24 bits"):
            condition([0], 48_000, **arguments)


@pytest.mark.parametrize(("bits", "limit"), [(16, 2**15), (24, 2**23)])
def test_clipping_by_the_microphone_is_seen_below_full_scale_too(bits: int, limit: int) -> None:
    samples = [0, limit - 1, limit - 2, -limit, -limit + 1]
    found = condition(samples, 48_000, bits=bits, gain=1 << 12)
    assert found.clipped.tolist() == [False, True, False, True, False]
    assert np.abs(found.pcm).max() < 3_000


def test_clipping_by_the_gain_is_seen() -> None:
    found = condition([1000 << 8, 20_000 << 8, -20_000 << 8], 48_000, gain=2 << 16)
    assert found.pcm.tolist() == [2000, 32767, -32768]
    assert found.clipped.tolist() == [False, True, True]
