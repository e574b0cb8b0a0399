"""Microphone samples to PCM in integers: the mean taken out, the rest amplified to int16.

The mean follows the samples by a fraction 2^-shift of the difference, which is a first-order high-pass:
-3 dB at about rate / (2 pi 2^shift) Hz. What is subtracted is the mean rounded down, so a constant becomes
exactly zero. The twin of firmware/sound/condition.c.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CORNER_HZ = 1.5
"""The shift is the one whose corner comes nearest to this, in octaves."""
GAIN_BITS = 16
"""A gain of 1.0 is 2^16."""
MAX_GAIN = 1 << 22
SAMPLE_BITS = (16, 24)

Samples = Sequence[int] | NDArray[np.signedinteger[Any]]
_BITS = 24


@dataclass(frozen=True)
class Conditioned:
    """PCM, int16 (n,), and which samples were clipped, bool (n,): by the microphone or by int16."""

    pcm: NDArray[np.int16]
    clipped: NDArray[np.bool_]


def shift(rate: int) -> int:
    """By how many bits the mean's step is shifted at `rate` samples a second."""
    return round(math.log2(rate / (2 * math.pi * CORNER_HZ)))


def corner_hz(rate: int) -> float:
    """Where the high-pass is at -3 dB: of H(z) = (1 - 1/z) / (1 - (1 - 2^-shift) / z), exactly."""
    pole = 1 - 2.0 ** -shift(rate)
    # |H|^2 = 2 (1 - cos w) / (1 + pole^2 - 2 pole cos w) is half of its value at w = pi.
    half = 2 / (1 + pole) ** 2
    cosine = (2 - half * (1 + pole**2)) / (2 - 2 * half * pole)
    return math.acos(cosine) * rate / (2 * math.pi)


def gain(decibels: float) -> int:
    """An amplification as the firmware takes it. Raises ValueError outside of -60 ... 36 dB."""
    if not -60 <= decibels <= 36:
        raise ValueError(f"a gain of {decibels} dB is not within -60 ... 36 dB")
    return round(10 ** (decibels / 20) * (1 << GAIN_BITS))


def condition(samples: Samples, rate: int, *, bits: int = 24, gain: int = 1 << GAIN_BITS) -> Conditioned:
    """PCM of `samples`, integers of 16 or 24 `bits` from a microphone at `rate`, whose mean starts at zero.

    `gain` is at most MAX_GAIN. Raises ValueError for other bits or gains.
    """
    if bits not in SAMPLE_BITS or not 0 < gain <= MAX_GAIN:
        raise ValueError(
            f"{bits} bits, gain {gain}: 16 or 24 bits and a gain of 1 ... {MAX_GAIN} are possible"
        )
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    by, half, right = shift(rate), 1 << (_BITS - 16 + GAIN_BITS - 1), _BITS - 16 + GAIN_BITS
    mean, clipped, pcm = 0, [], []
    for sample in np.asarray(samples).tolist():
        difference = (sample << (_BITS - bits)) - (mean >> by)
        mean += difference
        value = (difference * gain + half) >> right
        clipped.append(sample in (low, high) or not -32768 <= value <= 32767)
        pcm.append(max(-32768, min(32767, value)))
    return Conditioned(np.array(pcm, np.int16), np.array(clipped, np.bool_))
