"""Which sounds the activation ranges come from: windows of recordings, thinned out, or generated ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import load_clip, windows
from edgel3_deploy.audio.frontend import DYNAMIC_RANGE_DB, FrontEnd, log_mel
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize.synthetic import generate

SYNTHETIC_WARNING = (
    "no calibration audio was given, so generated sounds were used, which costs accuracy: on recordings that "
    "took no part in calibration sea-64 has 31 instead of 35 dB SQNR and a worst cosine of 0.997 instead of "
    "0.999, and sounds unlike the generated ones can lose much more (give --calibration DIR)"
)


SILENCED_PER_CLIP = 4
GENERATED = 24
_SILENT_SHARES = (0.5, 0.3, 0.1, 0.5)


@dataclass(frozen=True)
class CalibrationSet:
    """`spectrograms` in dB, float32 (n, n_mels, frames), with their origin in words.

    `silenced` holds copies of some of them, a part of each replaced by digital silence: as at the ends of a
    clip. `generated` holds generated sounds beside recordings, none if the spectrograms are such themselves.
    """

    spectrograms: NDArray[np.float32]
    description: str
    silenced: NDArray[np.float32]
    generated: NDArray[np.float32]
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
    if not clips:
        generated = generate(front_end.sample_rate, limit)
        sounds = np.stack([log_mel(samples, front_end) for samples in generated])
        description = f"{len(sounds)} generated sounds"
        silenced = _silenced([np.stack(generated)], front_end)
        return CalibrationSet(sounds, description, silenced, sounds[:0], (SYNTHETIC_WARNING,))
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
        f"{len(spectrograms)} windows of {recordings}",
        _silenced(cut, front_end),
        np.stack([log_mel(samples, front_end) for samples in generate(front_end.sample_rate, GENERATED)]),
        tuple(
            warning.replace(str(clip.path), clip.path.name) for clip in loaded for warning in clip.warnings
        ),
    )


def _silenced(cut: Sequence[NDArray[np.float32]], front_end: FrontEnd) -> NDArray[np.float32]:
    """Spectrograms of a few windows of each clip, of which a part, before or behind, is silenced."""
    copies = []
    for pieces in cut:
        inner = range(len(pieces) // 4, len(pieces))
        for number, index in enumerate(spread(len(inner), SILENCED_PER_CLIP)):
            window = pieces[inner[index]].copy()
            edge = int(_SILENT_SHARES[number] * len(window))
            if number == len(_SILENT_SHARES) - 1:
                window[edge:] = 0
            else:
                window[:edge] = 0
            copies.append(log_mel(window, front_end))
    return np.stack(copies)


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
