"""Integer polyphase decimators from a microphone's rate to the network's, and their twin in numpy.

A stage is a symmetric low-pass filter of int16 taps, of whose outputs only every `factor`-th is computed. Its
output n is the sum of taps[k] * samples[factor * n - length + 1 + k], with zeros before the first sample, in
64 bits, rounded half up to int16 and saturated: firmware/sound/decimate.c gives the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError

Int16Array = NDArray[np.int16]

FRACTION_BITS = 16
"""A tap of 1.0 is 2^16; all taps are below a half."""
MAX_TAPS = 256
"""SOUND_MAX_TAPS of firmware/sound/sound.h: there is memory for so many."""
MICROPHONE_RATES = (8_000, 16_000, 48_000)
PASS_BAND_HZ = 3_600.0
STOP_BAND_HZ = 4_000.0
"""Of the decimators to 8 kHz."""


@dataclass(frozen=True)
class Filter:
    """One stage: `taps` int16 (length,), a multiple of eight of them, and the `factor` it decimates by."""

    taps: Int16Array
    factor: int


@lru_cache
def filters(rate: int, target: int) -> tuple[Filter, ...]:
    """The stages from `rate` to `target` samples a second; () if they are equal.

    From 48 kHz to 8 kHz the first stage decimates by 3: it need only stop what aliases into the second's
    pass band, and is short. Raises BadInputError for rates without a filter.
    """
    if rate not in MICROPHONE_RATES or (target != rate and (rate, target) not in _DESIGNS):
        known = ", ".join(f"{a} -> {b}" for a, b in _DESIGNS)
        raise BadInputError(
            f"no decimator from {rate} to {target} samples a second",
            f"Known: {known}, and {', '.join(map(str, MICROPHONE_RATES))} unchanged.",
        )
    return () if rate == target else tuple(_design(*design) for design in _DESIGNS[rate, target])


_BY_3 = (48_000, 3, 40, 7_800.0, 85.0)
_BY_2 = (16_000, 2, 256, 3_810.0, 85.0)
"""Rate in, factor, taps, cut-off in Hz (-6 dB), attenuation in dB that the Kaiser window is for."""
_DESIGNS = {(48_000, 8_000): (_BY_3, _BY_2), (16_000, 8_000): (_BY_2,)}


def _design(rate: int, factor: int, length: int, cutoff: float, attenuation: float) -> Filter:
    from scipy import signal

    window = ("kaiser", signal.kaiser_beta(attenuation))
    taps = np.rint(signal.firwin(length, cutoff, window=window, fs=rate) * 2**FRACTION_BITS)
    if not fits(taps):
        raise ValueError(f"{length} taps do not fit int16 and a sum of 64 bits")
    return Filter(taps.astype(np.int16), factor)


def fits(taps: NDArray[np.float64]) -> bool:
    """Whether integer taps are int16, come in eights, MAX_TAPS at most, and no sum can overflow int64."""
    largest_sum = float(np.abs(taps).sum()) * 2**15 + 2 ** (FRACTION_BITS - 1)
    fitting = len(taps) % 8 == 0 and len(taps) <= MAX_TAPS
    return fitting and np.abs(taps).max() < 2**15 and largest_sum < 2.0**63


def decimate(samples: Int16Array, stages: Sequence[Filter]) -> Int16Array:
    """Samples (n,) through all stages, from a silent past: int16 (ceil(n / factors),)."""
    for stage in stages:
        past = np.zeros(len(stage.taps) - 1, np.int64)
        padded = np.concatenate([past, samples.astype(np.int64)])
        if len(padded) < len(stage.taps):
            return np.zeros(0, np.int16)
        spans = sliding_window_view(padded, len(stage.taps))[:: stage.factor]
        sums = np.einsum("nk,k->n", spans, stage.taps.astype(np.int64))
        rounded = (sums + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
        samples = np.clip(rounded, -(2**15), 2**15 - 1).astype(np.int16)
    return samples


def delay_seconds(rate: int, stages: Sequence[Filter]) -> float:
    """How far what comes out lies behind what went in."""
    seconds = 0.0
    for stage in stages:
        seconds += (len(stage.taps) - 1) / 2 / rate
        rate //= stage.factor
    return seconds


def response_db(rate: int, stages: Sequence[Filter], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain of the integer taps in dB for tones of these frequencies in Hz, wherever they fold to."""
    gain = np.zeros(len(frequencies))
    for stage in stages:
        turns = np.exp(-2j * np.pi * np.outer(frequencies / rate, np.arange(len(stage.taps))))
        gain += 20 * np.log10(np.abs(turns @ stage.taps) / 2**FRACTION_BITS + 1e-12)
        rate //= stage.factor
    return gain
