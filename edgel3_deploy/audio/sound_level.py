"""Sound levels with the A curve of IEC 61672-1: coefficients, and the twin of firmware/sound/level.c.

The curve's four low poles become first-order high-passes with matched poles; the two high poles and what the
sampling does to the curve, one biquad fitted to the formula. Levels are integers of 1/100 dB; 0 dB is a sine
of full scale. The order of the float32 operations is the definition: `filtered` states it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.condition import GAIN_BITS
from edgel3_deploy.errors import BadInputError

Floats = NDArray[np.float32]

POLES_HZ = (20.598997, 107.65265, 737.86223, 12194.217)
"""f1 to f4 of IEC 61672-1: f1 and f4 are double poles."""
FAST_SECONDS = 0.125
STEPS = 100
"""Of 10 ms in a second; the fast level is noted at the end of each."""
LOWEST, BIN, BINS = -11_000, 10, 1_224
"""The lowest level told, and the bins of the report's histogram from there on, in 1/100 dB."""
FRACTION_BITS = 16
"""Of the sum of squares of a second; that of a report has none."""
_FULL_SCALE_BITS = 29
"""log2 of the mean square of a sine of 2^15."""
_HUNDREDTHS = 19_728_302
"""1000 log10(2) as Q16."""
_BIQUADS = {
    8_000: (0.8531, 0.10783, 0.81534, 0.08485),
    16_000: (0.90451, 0.13614, 0.75515, 0.04297),
    48_000: (-0.29808, -0.25266, -0.99131, 0.2162),
}
"""b1, b2, a1, a2; fitted up to 3,920, 7,840 and 20,000 Hz."""


@dataclass(frozen=True)
class Weighting:
    """The A curve at one rate, all float32: `poles` (4,), `biquad` (b1, b2, a1, a2), the fast average's
    `rise` and `decay`; and `offset`, log2 in Q16, which makes an energy one relative to full scale.
    """

    rate: int
    poles: Floats
    biquad: Floats
    rise: np.float32
    decay: np.float32
    offset: int

    @property
    def sections(self) -> Floats:
        """The filter as scipy writes second-order sections: (5, 6)."""
        low = [(1, -1, 0, 1, -pole, 0) for pole in self.poles]
        b1, b2, a1, a2 = self.biquad
        return np.array([*low, (1, b1, b2, 1, a1, a2)], np.float32)

    @property
    def average(self) -> Floats:
        """The fast time weighting as one section: (1, 6)."""
        return np.array([(self.rise, 0, 0, 1, -self.decay, 0)], np.float32)


@dataclass(frozen=True)
class Levels:
    """Levels in 1/100 dB, and how many samples were clipped meanwhile."""

    laeq: int
    lafmax: int
    l10: int
    l50: int
    l90: int
    clipped: int = 0


@lru_cache
def weighting(rate: int) -> Weighting:
    """The coefficients at `rate` samples a second. Raises BadInputError for a rate without any."""
    if rate not in _BIQUADS:
        known = ", ".join(map(str, _BIQUADS))
        raise BadInputError(f"no A curve for {rate} samples a second", f"Known: {known}.")
    f1, f2, f3, _ = POLES_HZ
    poles = np.exp(-2 * np.pi * np.array([f1, f1, f2, f3]) / rate).astype(np.float32)
    decay = np.float32(math.exp(-1 / (rate * FAST_SECONDS)))
    # 1 - decay is exact in float32, so the average of a constant is the constant.
    found = Weighting(rate, poles, np.array(_BIQUADS[rate], np.float32), np.float32(1) - decay, decay, 0)
    at_1_khz = 2 * math.log2(_gain(found.sections, rate, np.array([1000.0]))[0])
    offset = round((-FRACTION_BITS - _FULL_SCALE_BITS - at_1_khz) * 2**16)
    return Weighting(rate, poles, found.biquad, found.rise, decay, offset)


def a_curve_db(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61672-1's formula for frequencies in Hz: dB, 0 at 1 kHz."""
    f1, f2, f3, f4 = POLES_HZ

    def gain(f: NDArray[np.float64]) -> NDArray[np.float64]:
        low = (f**2 + f1**2) * np.sqrt((f**2 + f2**2) * (f**2 + f3**2))
        return f4**2 * f**4 / (low * (f**2 + f4**2))

    relative: NDArray[np.float64] = 20 * np.log10(gain(frequencies) / gain(np.array(1000.0)))
    return relative


def response_db(rate: int, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the float32 coefficients at `rate` make of tones of these frequencies in Hz: dB, 0 at 1 kHz."""
    sections = weighting(rate).sections
    gain = _gain(sections, rate, frequencies) / _gain(sections, rate, np.array([1000.0]))
    relative: NDArray[np.float64] = 20 * np.log10(gain)
    return relative


def _gain(sections: Floats, rate: int, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    turns = np.exp(-2j * np.pi * np.asarray(frequencies) / rate)
    gain = np.ones(len(turns))
    for b0, b1, b2, a0, a1, a2 in sections.astype(np.float64):
        gain *= np.abs((b0 + b1 * turns + b2 * turns**2) / (a0 + a1 * turns + a2 * turns**2))
    return gain


def filtered(sections: Floats, samples: Floats, state: Floats) -> Floats:
    """Samples (n,) through sections (k, 6); `state` (k, 2) is taken and left: transposed direct form II.

    Each section: y = b0 x + s1; s1 = (b1 x - a1 y) + s2; s2 = b2 x - a2 y. Every product and sum is rounded
    to float32.
    """
    output = np.empty_like(samples)
    rows = [tuple(section) for section in sections]
    for index, sample in enumerate(samples):
        value = sample
        for number, (b0, b1, b2, _, a1, a2) in enumerate(rows):
            result = b0 * value + state[number, 0]
            state[number, 0] = (b1 * value - a1 * result) + state[number, 1]
            state[number, 1] = b2 * value - a2 * result
            value = result
        output[index] = value
    return output


def _filtered(sections: Floats, samples: Floats, state: Floats) -> Floats:
    """The same bits as `filtered`, by scipy unless that was built to fuse operations."""
    if not _scipy_is_exact():
        return filtered(sections, samples, state)
    return _sosfilt(sections, samples, state)


def _sosfilt(sections: Floats, samples: Floats, state: Floats) -> Floats:
    from scipy import signal

    result: Floats
    result, state[:] = signal.sosfilt(sections, samples, zi=state)
    return result


@lru_cache
def _scipy_is_exact() -> bool:
    samples = np.random.default_rng(0).integers(-(2**15), 2**15, 2_000).astype(np.float32)
    sections = weighting(48_000).sections
    states = np.zeros((2, len(sections), 2), np.float32)
    defined, fast = filtered(sections, samples, states[0]), _sosfilt(sections, samples, states[1])
    return np.array_equal(defined, fast) and np.array_equal(states[0], states[1])


@dataclass(frozen=True)
class Second:
    """A whole second: its levels, and what a report needs of it: energy, loudest average, levels of steps."""

    levels: Levels
    energy: int
    loudest: np.float32
    noted: tuple[int, ...]


def levels(
    pcm: NDArray[np.int16], rate: int, *, gain: int = 1 << GAIN_BITS, clipped: Sequence[int] | None = None
) -> tuple[tuple[Levels, ...], Levels]:
    """Levels of each whole second of `pcm`, and of all of them together, from a silent start.

    `gain` is taken out of the levels. `clipped` says of each sample how often it was limited. Raises
    BadInputError for a rate without coefficients.
    """
    seconds = tuple(meter(pcm, rate, gain=gain, clipped=clipped))
    return tuple(second.levels for second in seconds), report(seconds, rate, gain=gain)


def meter(
    pcm: NDArray[np.int16], rate: int, *, gain: int = 1 << GAIN_BITS, clipped: Sequence[int] | None = None
) -> Iterator[Second]:
    """Each whole second of `pcm`, one after the other; arguments and errors as of `levels`."""
    curve = weighting(rate)
    offset = _offset(curve, gain)
    state, average = np.zeros((len(curve.sections), 2), np.float32), np.zeros((1, 2), np.float32)
    flags = np.zeros(len(pcm), np.bool_) if clipped is None else np.asarray(clipped)
    for start in range(0, len(pcm) - rate + 1, rate):
        weighted = _filtered(curve.sections, pcm[start : start + rate].astype(np.float32), state)
        squares = weighted * weighted
        fast = _filtered(curve.average, squares, average)
        steps = np.add.accumulate(squares.reshape(STEPS, -1), axis=1)[:, -1]
        energy, loudest = sum(map(_fixed, steps)), fast.max()
        noted = sorted(_decibels(_fixed(value), 1, offset) for value in fast.reshape(STEPS, -1)[:, -1])
        l10, l50, l90 = (noted[STEPS - STEPS * percent // 100] for percent in (10, 50, 90))
        laeq, lafmax = _decibels(energy, rate, offset), _decibels(_fixed(loudest), 1, offset)
        found = Levels(laeq, lafmax, l10, l50, l90, int(flags[start : start + rate].sum()))
        yield Second(found, energy, loudest, tuple(noted))


def report(seconds: Sequence[Second], rate: int, *, gain: int = 1 << GAIN_BITS) -> Levels:
    """Levels of all `seconds` together; LOWEST without any."""
    if not seconds:
        return Levels(LOWEST, LOWEST, LOWEST, LOWEST, LOWEST)
    offset = _offset(weighting(rate), gain)
    histogram = np.zeros(BINS, np.int64)
    for second in seconds:
        bins = [min((level - LOWEST) // BIN, BINS - 1) for level in second.noted]
        histogram += np.bincount(bins, minlength=BINS)
    from_loudest = histogram[::-1].cumsum()
    counts = (len(seconds) * STEPS * percent // 100 for percent in (10, 50, 90))
    places = (BINS - 1 - int(np.searchsorted(from_loudest, count)) for count in counts)
    l10, l50, l90 = (place * BIN + LOWEST + BIN // 2 for place in places)
    energy = sum(second.energy >> FRACTION_BITS for second in seconds)
    return Levels(
        _decibels(energy, len(seconds) * rate, offset + (FRACTION_BITS << 16)),
        _decibels(_fixed(max(second.loudest for second in seconds)), 1, offset),
        l10,
        l50,
        l90,
        sum(second.levels.clipped for second in seconds),
    )


def _offset(curve: Weighting, gain: int) -> int:
    return curve.offset + 2 * ((GAIN_BITS << 16) - log2(gain))


def log2(value: int) -> int:
    """log2 of a positive integer below 2^64 as Q16, rounded down: bit by bit, as the board does."""
    exponent = value.bit_length() - 1
    mantissa = value >> (exponent - 31) if exponent > 31 else value << (31 - exponent)
    result = exponent
    for _ in range(16):
        square = mantissa * mantissa
        carry = square >> 63
        mantissa = square >> (31 + carry)
        result = result * 2 + carry
    return result


def _fixed(value: np.float32) -> int:
    """A float32 that is not negative as integer with FRACTION_BITS, rounded down."""
    return int(float(value) * 2**FRACTION_BITS)


def _decibels(energy: int, samples: int, offset: int) -> int:
    if energy == 0:
        return LOWEST
    octaves = log2(energy) - log2(samples) + offset
    return max(LOWEST, (octaves * _HUNDREDTHS + (1 << 31)) >> 32)
