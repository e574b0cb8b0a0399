"""The front end the networks were trained on: log-mel spectrograms as in kapre 0.1.4."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgel3_deploy.audio.mel import mel_matrix
from edgel3_deploy.errors import BadInputError

FloatArray = NDArray[np.float32]

AMPLITUDE_FLOOR = 1e-10
DYNAMIC_RANGE_DB = 80.0


@dataclass(frozen=True)
class FrontEnd:
    """Sizes of a front end: a window is one second of audio; `n_fft` is also the frame length."""

    name: str
    sample_rate: int
    n_fft: int
    hop_length: int
    n_mels: int
    frames: int


SEA = FrontEnd("sea", sample_rate=8_000, n_fft=1024, hop_length=160, n_mels=64, frames=50)
L3 = FrontEnd("l3", sample_rate=48_000, n_fft=2048, hop_length=242, n_mels=256, frames=199)


def front_end(name: str) -> FrontEnd:
    """The front end called "sea" or "l3". Raises BadInputError for any other name."""
    for candidate in (SEA, L3):
        if candidate.name == name:
            return candidate
    raise BadInputError(f'unknown front end "{name}"', "Known: sea, l3.")


def log_mel(samples: FloatArray, front_end: FrontEnd) -> FloatArray:
    """Decibels of one window: float32 (sample_rate,) -> float32 (n_mels, frames), within [-80, 0].

    0 dB is the loudest point of this window, band 0 the lowest. Raises ValueError for another number of
    samples.
    """
    if samples.shape != (front_end.sample_rate,):
        raise ValueError(f"{samples.shape} samples, not ({front_end.sample_rate},)")
    covered = (front_end.frames - 1) * front_end.hop_length + front_end.n_fft
    padding = max(covered - front_end.sample_rate, 0)
    padded = np.pad(samples.astype(np.float64), (padding // 2, padding - padding // 2))
    frames = sliding_window_view(padded, front_end.n_fft)[:: front_end.hop_length][: front_end.frames]
    spectrum = np.fft.rfft(frames * _hann(front_end.n_fft))
    power = spectrum.real**2 + spectrum.imag**2
    amplitude = np.sqrt(power @ mel_matrix(front_end))
    decibels = 10.0 * np.log10(np.maximum(amplitude, AMPLITUDE_FLOOR))
    relative: FloatArray = np.maximum(decibels - decibels.max(), -DYNAMIC_RANGE_DB).T.astype(np.float32)
    return np.ascontiguousarray(relative)


@lru_cache
def _hann(length: int) -> NDArray[np.float64]:
    """The periodic Hann window, float64 (length,)."""
    return np.hanning(length + 1)[:-1]
