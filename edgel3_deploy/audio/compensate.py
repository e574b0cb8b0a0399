"""What a sinc filter of fourth order takes from high frequencies is given back, by integer taps.

A PDM microphone's bits become samples by four moving averages over the bits of one sample (DFSDM1), whose
gain falls to -10.6 dB at 5/12 of the rate, 20 kHz at 48 kHz. The taps' gain rises as much; they do not
depend on the rate, and hardly on the oversampling. The twin of firmware/sound/compensate.c.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgel3_deploy.boards.dfsdm import ORDER

FRACTION_BITS = 13
LENGTH = 16
TOP = 5 / 12
"""Up to this part of the rate the gain is made flat."""
_HALF = (16409, -5762, 2405, -1109, 528, -245, 104, -35)
"""The middle tap and those after it: the smallest ripple of so many up to TOP, at an oversampling of 50."""

Int16Array = NDArray[np.int16]


def taps() -> Int16Array:
    """In the order of the samples that they meet, int16 (LENGTH,); the first is zero, so that they pair."""
    return np.array([0, *_HALF[:0:-1], *_HALF], np.int16)


def compensate(pcm: Int16Array) -> tuple[Int16Array, NDArray[np.bool_]]:
    """PCM (n,) with its high frequencies raised, from a silent past: int16 (n,), and which had to be limited.

    What comes out lies LENGTH / 2 - 1 samples behind.
    """
    if not len(pcm):
        return pcm, np.zeros(0, np.bool_)
    padded = np.concatenate([np.zeros(LENGTH - 1, np.int64), pcm.astype(np.int64)])
    sums = np.einsum("nk,k->n", sliding_window_view(padded, LENGTH), taps().astype(np.int64))
    values = (sums + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
    limited = np.clip(values, -(2**15), 2**15 - 1)
    return limited.astype(np.int16), limited != values


def gain_db(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain of the taps in dB for tones of so many turns a sample."""
    angles = np.exp(-2j * np.pi * np.outer(turns, np.arange(LENGTH)))
    found: NDArray[np.float64] = 20 * np.log10(np.abs(angles @ taps()) / 2**FRACTION_BITS)
    return found


def sinc_db(turns: NDArray[np.float64], oversampling: int) -> NDArray[np.float64]:
    """Gain of the sinc filter in dB for tones of so many turns, more than none, a sample."""
    angles = np.pi * turns
    mean = np.sin(angles) / (oversampling * np.sin(angles / oversampling))
    found: NDArray[np.float64] = 20 * ORDER * np.log10(np.abs(mean))
    return found
