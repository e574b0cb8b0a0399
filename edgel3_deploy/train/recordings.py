"""Excerpts of recordings, read from disk as they are needed, so that hundreds of hours take no memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgel3_deploy.audio.clips import SAMPLE_RATES
from edgel3_deploy.audio.reading import UNKNOWN_FRAMES, open_sound
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.train.synthesis import Sound

MIN_SECONDS = 0.05
EXCERPT_SECONDS = 4.0
_SKIPPED = 1 << 16

_REPAIR = "Repair the file and give the same command to go on; without the file, start anew."


@dataclass(frozen=True)
class Recording:
    """A readable audio file: `frames` samples a channel at `rate` Hz."""

    path: Path
    frames: int
    rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate

    @property
    def identity(self) -> tuple[str, int, int]:
        """What a checkpoint knows it by: file name, frames, rate."""
        return self.path.name, self.frames, self.rate


def scan(paths: Sequence[Path]) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
    """The usable recordings among `paths`, from their headers alone, and a warning for each file that is
    not.

    Raises BadInputError if there are paths and none is usable.
    """
    recordings, warnings = [], []
    for path in paths:
        try:
            with open_sound(path) as info:
                pass
        except (OSError, RuntimeError) as error:
            warnings.append(f"{path}: left out: {(str(error).splitlines() or ['unreadable'])[0]}")
            continue
        if info.frames < MIN_SECONDS * info.samplerate:
            warnings.append(f"{path}: left out: shorter than {MIN_SECONDS:g} s")
            continue
        if info.frames >= UNKNOWN_FRAMES:
            warnings.append(f"{path}: left out: its header does not say how long it is")
            continue
        if not SAMPLE_RATES[0] <= info.samplerate <= SAMPLE_RATES[1]:
            warnings.append(f"{path}: left out: sample rate of {info.samplerate} Hz")
            continue
        recordings.append(Recording(path, info.frames, info.samplerate))
    if warnings and not recordings:
        raise BadInputError(
            f"none of the recordings can be used; {warnings[0]}",
            "Give recordings, such as WAV or FLAC files.",
        )
    return tuple(recordings), tuple(warnings)


def split(
    recordings: Sequence[Recording], held_out: float, seed: int
) -> tuple[tuple[Recording, ...], tuple[Recording, ...]]:
    """(training, held-out) recordings: a share `held_out` of them, by whole files, drawn with `seed`.

    At least one recording stays on either side, if there are two and `held_out` is above zero.
    """
    count = len(recordings)
    wanted = min(max(round(held_out * count), 1), count - 1) if held_out > 0 and count > 1 else 0
    chosen = set(np.random.default_rng([seed, count]).permutation(count)[:wanted].tolist())
    kept = tuple(recording for index, recording in enumerate(recordings) if index not in chosen)
    return kept, tuple(recording for index, recording in enumerate(recordings) if index in chosen)


def apart(recordings: Sequence[Recording], judges: Sequence[Recording]) -> tuple[Recording, ...]:
    """`recordings` without the files that are among `judges`.

    Raises UsageError if there are recordings and none is left.
    """
    judging = {judge.path.resolve() for judge in judges}
    kept = tuple(recording for recording in recordings if recording.path.resolve() not in judging)
    if recordings and not kept:
        raise UsageError("every recording judges, none is left to train on", "Give more recordings.")
    return kept


def read_excerpt(
    recording: Recording, start: float, rate: int, speed: float = 1.0, seconds: float = EXCERPT_SECONDS
) -> Sound:
    """Up to `seconds` from `start` seconds, mixed to mono, at `rate` Hz, `speed` times as fast (and as high).

    Raises BadInputError if the file cannot be decoded there, is no longer the one that was scanned, or holds
    NaN, infinite or absurdly large samples there.
    """
    import soxr

    try:
        with open_sound(recording.path) as file:
            if (file.frames, file.samplerate) != (recording.frames, recording.rate):
                raise BadInputError(f"{recording.path}: changed while it was used", _REPAIR)
            _skip(file, min(int(start * recording.rate), recording.frames))
            wanted = int(seconds * speed * recording.rate)
            samples = file.read(wanted, dtype="float32", always_2d=True).mean(axis=1)
    except (OSError, RuntimeError) as error:
        raise BadInputError(f"{recording.path}: cannot be decoded: {error}", _REPAIR) from error
    excerpt: Sound = soxr.resample(samples, recording.rate * speed, rate, quality="soxr_hq").astype(
        np.float64
    )
    if not np.isfinite(excerpt).all():
        raise BadInputError(f"{recording.path}: holds NaN, infinite or far too large samples", _REPAIR)
    return excerpt


def _skip(file: Any, frames: int) -> None:
    """Go to a frame of a freshly opened file; some codecs, such as GSM, can only be read from the start."""
    if file.seekable():
        file.seek(frames)
        return
    while frames > 0 and len(read := file.read(min(frames, _SKIPPED), dtype="float32", always_2d=True)):
        frames -= len(read)
