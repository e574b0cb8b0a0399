"""The windows that are sent to the board, in batches: of recordings, or of generated sounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import Clip, load_clip, window_count, windows
from edgel3_deploy.audio.finding import search
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd, front_end, log_mel
from edgel3_deploy.audio.pcm import PcmArray, from_pcm, to_pcm
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.progress import Progress
from edgel3_deploy.validate.result import Source

BATCH = 8
GENERATED = 8
_GENERATED_WARNING = "no recordings were given: validated on generated sounds (name recordings with --audio)"


@dataclass(frozen=True)
class Batch:
    """Up to BATCH windows of one recording: decibels float32 (n, mel, frames), seconds float64 (n,).

    `pcm` int16 (n, sample_rate) is what the board gets if it has a front end, and what the decibels are of.
    """

    source: int
    spectrograms: NDArray[np.float32]
    timestamps: NDArray[np.float64]
    pcm: PcmArray | None = None


@dataclass(frozen=True)
class Workload:
    """`sources` cover windows 0 to `windows`; clips are kept as samples, spectrograms made batch by batch.

    With `as_pcm` samples are rounded to int16 first.
    """

    front_end: FrontEnd
    sources: tuple[Source, ...]
    warnings: tuple[str, ...]
    clips: tuple[Clip, ...]
    hop_seconds: float
    as_pcm: bool = False

    @property
    def windows(self) -> int:
        """Number of windows in all."""
        return sum(source.windows for source in self.sources)

    @property
    def fresh(self) -> int | None:
        """Samples that a window has beyond the one before it; None if their frames do not coincide."""
        samples = round(self.hop_seconds * self.front_end.sample_rate)
        return samples if samples % self.front_end.hop_length == 0 else None

    def batches(self) -> Iterator[Batch]:
        """The windows in order."""
        for index, (source, clip) in enumerate(zip(self.sources, self.clips, strict=True)):
            samples, timestamps = windows(clip, self.front_end, self.hop_seconds)
            for start in range(0, source.windows, BATCH):
                part = slice(start, min(start + BATCH, source.windows))
                pcm = to_pcm(samples[part]) if self.as_pcm else None
                heard = samples[part] if pcm is None else from_pcm(pcm)
                spectrograms = np.stack([log_mel(window, self.front_end) for window in heard])
                yield Batch(index, spectrograms, timestamps[part], pcm)


def prepare(
    network: Network,
    audio: Sequence[Path],
    hop_seconds: float,
    limit: int | None,
    progress: Progress,
    *,
    as_pcm: bool = False,
) -> Workload:
    """Load all recordings, so that a bad one is known before the board is bothered; `as_pcm` for a front end.

    Raises BadInputError for a recording that cannot be used and for a network that no known front end feeds.
    """
    facts = _front_end_of(network)
    warnings: list[str] = []
    if audio:
        found = search(audio)
        paths = found.paths
        warnings.extend(found.warnings)
        clips = []
        for index, path in enumerate(paths):
            progress("reading recordings", index, len(paths))
            clips.append(load_clip(path, facts))
        names = _names(paths)
    else:
        clips = _generated(facts)
        names = tuple(str(clip.path) for clip in clips)
        warnings.append(_GENERATED_WARNING)
    sources: list[Source] = []
    first = 0
    for clip, name in zip(clips, names, strict=True):
        count = window_count(clip.samples.size, facts, hop_seconds)
        if limit is not None:
            count = min(count, limit - first)
        if count <= 0:
            break
        sources.append(Source(name, first, count))
        warnings.extend(clip.warnings)
        first += count
    used = tuple(clips[: len(sources)])
    return Workload(facts, tuple(sources), tuple(warnings), used, hop_seconds, as_pcm)


def _front_end_of(network: Network) -> FrontEnd:
    if network.front_end:
        return front_end(network.front_end)
    for candidate in (SEA, L3):
        if network.input.shape == (candidate.n_mels, candidate.frames, 1):
            return candidate
    raise BadInputError(
        f"no front end gives the input of {network.name}, {network.input.shape}",
        "Inputs are (64, 50, 1) for sea and (256, 199, 1) for l3.",
    )


def _generated(facts: FrontEnd) -> list[Clip]:
    from edgel3_deploy.quantize.synthetic import generate

    sounds = generate(facts.sample_rate, GENERATED)
    return [Clip(Path(f"generated sound {index + 1}"), sound) for index, sound in enumerate(sounds)]


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    """File names, or whole paths where two recordings share a file name."""
    names = [path.name for path in paths]
    unique = len(set(names)) == len(names)
    return tuple(names) if unique else tuple(str(path) for path in paths)
