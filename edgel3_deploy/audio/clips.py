"""Recordings as the networks take them: mono, resampled, cut into windows as the edgel3 package does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgel3_deploy.audio.finding import find_clips
from edgel3_deploy.audio.frontend import FloatArray, FrontEnd
from edgel3_deploy.audio.reading import read_mono
from edgel3_deploy.errors import BadInputError, UsageError

__all__ = ["Clip", "clip_of", "find_clips", "load_clip", "window_count", "windows"]

MAX_SECONDS = 3600
MAX_FRAMES = MAX_SECONDS * 48_000
SAMPLE_RATES = (1_000, 768_000)


@dataclass(frozen=True)
class Clip:
    """A recording: `samples` float32 mono at the front end's rate, and what is odd about it in `warnings`."""

    path: Path
    samples: FloatArray
    warnings: tuple[str, ...] = ()


def load_clip(path: Path, front_end: FrontEnd) -> Clip:
    """Read `path`, average its channels, then resample (soxr, high quality) to the front end's rate.

    Silence, less than one window of audio, channels that cancel each other and a file that is cut short are
    warnings. Raises BadInputError for a file that is absent, not audio, empty, longer than an hour, or that
    holds NaN or infinite samples.
    """
    mono = read_mono(path, _check_size)
    return clip_of(path, mono.samples, mono.rate, front_end, mono.warnings)


def clip_of(
    path: Path, samples: FloatArray, rate: int, front_end: FrontEnd, warnings: tuple[str, ...] = ()
) -> Clip:
    """Samples (n,) at `rate` Hz as a clip at the front end's rate; `path` is what messages call it.

    Raises BadInputError for NaN or infinite samples and for too few of them; `load_clip` says what warns.
    """
    if not np.isfinite(samples).all():
        raise BadInputError(f"{path}: holds NaN or infinite samples", "Export the recording again.")
    if rate != front_end.sample_rate:
        samples = _resample(samples, rate, front_end.sample_rate)
        if not np.isfinite(samples).all():
            raise BadInputError(
                f"{path}: samples are too large to resample", "Scale the recording to -1 ... 1."
            )
    if samples.size == 0:
        raise BadInputError(
            f"{path}: too short to hold one sample at {front_end.sample_rate} Hz", "Leave it out."
        )
    odd = list(warnings)
    if not samples.any():
        odd.append(f"{path}: all samples are zero")
    if samples.size < front_end.sample_rate:
        seconds = samples.size / front_end.sample_rate
        odd.append(f"{path}: {seconds:.3f} s is shorter than a window of 1 s; padded with zeros")
    return Clip(path, samples, tuple(odd))


def windows(
    clip: Clip, front_end: FrontEnd, hop_seconds: float = 0.1, center: bool = True
) -> tuple[FloatArray, NDArray[np.float64]]:
    """Every window of the clip, zero-padded at the end to cover all of it, and each window's time.

    Returns a read-only view, float32 (n, sample_rate), and seconds, float64 (n,). With `center` half a window
    of zeros goes in front, so that the timestamps name the middle of each window. Raises UsageError for a hop
    that is no number of seconds, or too short or too long to step by.
    """
    length = front_end.sample_rate
    hop = hop_samples(front_end, hop_seconds)
    front = length // 2 if center else 0
    count = window_count(clip.samples.size, front_end, hop_seconds, center)
    padded = np.zeros((count - 1) * hop + length, np.float32)
    padded[front : front + clip.samples.size] = clip.samples
    timestamps: NDArray[np.float64] = np.arange(count, dtype=np.float64) * hop_seconds
    return sliding_window_view(padded, length)[::hop], timestamps


def window_count(samples: int, front_end: FrontEnd, hop_seconds: float = 0.1, center: bool = True) -> int:
    """How many windows `windows` cuts from that many samples at the front end's rate."""
    length = front_end.sample_rate
    total = samples + (length // 2 if center else 0)
    return 1 + max(0, -(-(total - length) // hop_samples(front_end, hop_seconds)))


def hop_samples(front_end: FrontEnd, hop_seconds: float) -> int:
    """A hop in whole samples, rounded down as in the edgel3 package. Raises UsageError as `windows`."""
    if not 0 < hop_seconds <= MAX_SECONDS or int(hop_seconds * front_end.sample_rate) < 1:
        raise UsageError(
            f"hop of {hop_seconds} s", f"Give at least a sample's time and at most {MAX_SECONDS} seconds."
        )
    return int(hop_seconds * front_end.sample_rate)


def _resample(samples: FloatArray, rate: int, target: int) -> FloatArray:
    """What librosa.resample(res_type="soxr_hq") gives, without the seconds that importing its numba takes."""
    import soxr

    resampled = soxr.resample(samples, rate, target, quality="soxr_hq")
    length = -(-samples.size * target // rate)
    return np.pad(resampled[:length], (0, max(0, length - resampled.size))).astype(np.float32, copy=False)


def _check_size(path: Path, frames: int, rate: int) -> None:
    slowest, fastest = SAMPLE_RATES
    if not slowest <= rate <= fastest:
        raise BadInputError(f"{path}: sample rate of {rate} Hz", f"Convert it to {slowest} ... {fastest} Hz.")
    if frames > MAX_SECONDS * rate or frames > MAX_FRAMES:
        raise BadInputError(
            f"{path}: {frames / rate:,.0f} s of audio is too long", "Cut it into pieces of an hour at most."
        )
