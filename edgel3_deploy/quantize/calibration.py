"""Which sounds the activation ranges come from: windows of recordings, thinned out, or generated ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import load_clip, windows
from edgel3_deploy.audio.frontend import DYNAMIC_RANGE_DB, FrontEnd, log_mel
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.train.stream import WindowStream
from edgel3_deploy.wording import counted

SYNTHETIC_WARNING = (
    "no calibration audio was given, so generated sounds were used: docs/quantization.md says how close "
    "embeddings stay, and sounds unlike these can lose more (give --calibration DIR)"
)


_GENERATED_SHARE = 2.5
"""Generated sounds that ranges come from, relative to the most windows that calibrate."""
_SEED = 20190311


@dataclass(frozen=True)
class CalibrationSet:
    """`spectrograms` in dB, float32 (n, n_mels, frames), with their origin in words.

    `generated` holds generated sounds of all kinds, which activation ranges reach. With `is_recorded` off the
    spectrograms are some of these.
    """

    spectrograms: NDArray[np.float32]
    description: str
    generated: NDArray[np.float32]
    is_recorded: bool = True
    warnings: tuple[str, ...] = ()

    def without_silence(self) -> NDArray[np.float32]:
        """The spectrograms whose every frame holds sound; all of them if none does."""
        return self.spectrograms[self._full()]

    def with_silence(self) -> NDArray[np.float32]:
        """The other spectrograms: a frame or more of digital silence."""
        return self.spectrograms[~self._full()]

    def _full(self) -> NDArray[np.bool_]:
        full = np.array([not has_silence(spectrogram) for spectrogram in self.spectrograms])
        return full if full.any() else ~full


def has_silence(spectrogram_db: NDArray[np.float32]) -> bool:
    """Whether a whole frame lies at the bottom of the range: digital silence, as in zero-padded windows."""
    return bool((spectrogram_db <= -DYNAMIC_RANGE_DB).all(axis=0).any())


def calibration_set(
    clips: Sequence[Path], front_end: FrontEnd, limit: int, progress: Progress = silent
) -> CalibrationSet:
    """At most `limit` windows, cut as for validation, of all `clips`; without clips, generated sounds.

    `clips` must not number more than `limit`. Raises BadInputError for a clip that cannot be used.
    """
    progress("generating sounds")
    generated = _generated(front_end, int(_GENERATED_SHARE * limit))
    if not clips:
        sounds = generated[:limit]
        return CalibrationSet(
            sounds, f"{len(sounds)} generated sounds", generated, False, (SYNTHETIC_WARNING,)
        )
    loaded = []
    for number, path in enumerate(clips):
        progress("reading calibration audio", number, len(clips))
        loaded.append(load_clip(path, front_end))
    cut = [windows(clip, front_end)[0] for clip in loaded]
    quotas = share([len(pieces) for pieces in cut], limit)
    spectrograms = [
        log_mel(pieces[index], front_end)
        for pieces, quota in zip(cut, quotas, strict=True)
        for index in spread(len(pieces), quota)
    ]
    recordings = "1 recording" if len(loaded) == 1 else f"{len(loaded)} recordings"
    return CalibrationSet(
        np.stack(spectrograms),
        f"{counted(len(spectrograms), 'window')} of {recordings}",
        generated,
        True,
        tuple(
            warning.replace(str(clip.path), clip.path.name) for clip in loaded for warning in clip.warnings
        ),
    )


@lru_cache(maxsize=1)
def _generated(front_end: FrontEnd, count: int) -> NDArray[np.float32]:
    """Spectrograms of sounds like those that networks are trained on: of all kinds, mixed, through rooms and
    microphones, some cut by silence.
    """
    stream = WindowStream((), front_end.sample_rate, count, _SEED)
    sounds = np.stack([log_mel(samples, front_end) for samples in stream.batch(0)])
    sounds.flags.writeable = False
    return sounds


def share(counts: Sequence[int], limit: int) -> list[int]:
    """How many of each clip's `counts` windows to take: as equal as they allow, `limit` in all or every one.

    Every clip gives at least one, so `limit` must not be less than the number of clips.
    """
    level = next(
        level for level in range(limit, 0, -1) if sum(min(count, level) for count in counts) <= limit
    )
    quotas = [min(count, level) for count in counts]
    spare = limit - sum(quotas)
    for index, count in enumerate(counts):
        if spare > 0 and count > quotas[index]:
            quotas[index] += 1
            spare -= 1
    return quotas


def spread(count: int, picks: int) -> list[int]:
    """At most `picks` indices below `count`, evenly spaced from end to end; the middle if only one is picked.

    A clip's first and last windows hold the zeros it is padded with, which the activation ranges must cover.
    """
    if picks >= count:
        return list(range(count))
    if picks <= 2:
        return [0, count // 2][-picks:]
    return [round(step * (count - 1) / (picks - 1)) for step in range(picks)]
