"""Recordings as the networks take them: mono, resampled, cut into windows as the edgel3 package does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import FloatArray, FrontEnd
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import is_dir, is_file

MAX_SECONDS = 3600
MAX_FRAMES = MAX_SECONDS * 48_000
SAMPLE_RATES = (1_000, 768_000)
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Clip:
    """A recording: `samples` float32 mono at the front end's rate, and what is odd about it in `warnings`."""

    path: Path
    samples: FloatArray
    warnings: tuple[str, ...] = ()


def find_clips(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The files among `paths`, and the .wav files in their folders at any depth, sorted; no duplicates.

    Raises BadInputError for a path that does not exist or a folder without any WAV file.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if is_dir(path):
            files = sorted(
                file
                for file in path.rglob("*")
                if file.suffix.lower() == ".wav" and not file.name.startswith(".") and file.is_file()
            )
            if not files:
                raise BadInputError(f"{path}: no WAV file in this folder", "Give a folder of .wav files.")
        elif is_file(path):
            files = [path]
        else:
            raise BadInputError(f"{path}: no such file or folder", "Check the path of the recordings.")
        for file in files:
            found.setdefault(file.resolve(), file)
    return tuple(found.values())


def load_clip(path: Path, front_end: FrontEnd) -> Clip:
    """Read `path`, average its channels, then resample (soxr, high quality) to the front end's rate.

    Silence and less than one window of audio are warnings. Raises BadInputError for a file that is absent,
    not audio, empty, longer than an hour, or that holds NaN or infinite samples.
    """
    samples, rate = _read_mono(path)
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
    warnings = []
    if not samples.any():
        warnings.append(f"{path}: all samples are zero")
    if samples.size < front_end.sample_rate:
        seconds = samples.size / front_end.sample_rate
        warnings.append(f"{path}: {seconds:.3f} s is shorter than a window of 1 s; padded with zeros")
    return Clip(path, samples, tuple(warnings))


def windows(
    clip: Clip, front_end: FrontEnd, hop_seconds: float = 0.1, center: bool = True
) -> tuple[FloatArray, NDArray[np.float64]]:
    """Every window of the clip, zero-padded at the end to cover all of it, and each window's time.

    Returns a read-only view, float32 (n, sample_rate), and seconds, float64 (n,). With `center` half a window
    of zeros goes in front, so that the timestamps name the middle of each window. Raises UsageError for a hop
    outside (0, 1] s.
    """
    length = front_end.sample_rate
    if not 0 < hop_seconds <= 1 or round(hop_seconds * length) < 1:
        raise UsageError(f"hop of {hop_seconds} s", "Give more than 0 and at most 1 second.")
    hop = round(hop_seconds * length)
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
    return 1 + max(0, -(-(total - length) // round(hop_seconds * length)))


def _read_mono(path: Path) -> tuple[FloatArray, int]:
    """All frames, averaged over channels, and the rate in Hz; read in blocks to bound memory."""
    import soundfile

    if not is_file(path):
        raise BadInputError(f"{path}: no such file", "Check the path of the recordings.")
    try:
        with soundfile.SoundFile(path) as file:
            rate: int = file.samplerate
            _check_size(path, file.frames, rate)
            blocks = [block.mean(axis=1) for block in file.blocks(_BLOCK, dtype="float32", always_2d=True)]
    except (soundfile.SoundFileError, OSError, RuntimeError, MemoryError) as error:
        raise BadInputError(
            f"{path}: not readable as audio ({_reason(error)})", "Give a WAV file."
        ) from error
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if samples.size == 0:
        raise BadInputError(f"{path}: holds no audio", "Leave it out, or record it again.")
    return samples, rate


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


def _reason(error: BaseException) -> str:
    return str(getattr(error, "error_string", "") or error or type(error).__name__).rstrip(".")
