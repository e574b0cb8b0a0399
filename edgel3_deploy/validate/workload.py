"""The windows that are sent to the board, in batches: of recordings, or of generated sounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import Clip, load_clip, window_count, windows
from edgel3_deploy.audio.finding import search
from edgel3_deploy.audio.frontend import FrontEnd, front_end, log_mel
from edgel3_deploy.audio.pcm import PcmArray, beyond_full_scale, from_pcm, to_pcm
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.progress import Progress
from edgel3_deploy.validate.inputs import GivenInputs, generated_inputs, read_inputs
from edgel3_deploy.validate.result import Source

BATCH = 8
GENERATED = 8
_BATCH_MACS = 4_000_000_000
"""A batch's multiply-accumulates, unless one window has more: the reference takes seconds for them."""
_GENERATED_WARNING = "no recordings were given: validated on generated sounds (name recordings with --audio)"
_GENERATED_INPUTS_WARNING = (
    "the model's front end is unknown: validated on generated inputs (name some with --inputs FILE.npy)"
)


@dataclass(frozen=True)
class Batch:
    """Up to BATCH windows of one recording, of large networks fewer.

    Decibels float32 (n, mel, frames), seconds float64 (n,).

    `pcm` int16 (n, sample_rate) is what the board gets if it has a front end, and what the decibels are of.
    Without any front end `inputs` are what the board gets, int8 (n, *input), and `spectrograms` the same as
    real numbers, (n, rows, columns).
    """

    source: int
    spectrograms: NDArray[np.float32]
    timestamps: NDArray[np.float64]
    pcm: PcmArray | None = None
    inputs: NDArray[np.int8] | None = None


@dataclass(frozen=True)
class Workload:
    """`sources` cover windows 0 to `windows`; clips are kept as samples, spectrograms made batch by batch.

    With `as_pcm` samples are rounded to int16 first. Without `front_end`, `given` is sent instead of clips.
    """

    front_end: FrontEnd | None
    sources: tuple[Source, ...]
    warnings: tuple[str, ...]
    clips: tuple[Clip, ...]
    hop_seconds: float
    as_pcm: bool = False
    given: GivenInputs | None = None
    batch: int = BATCH

    @property
    def windows(self) -> int:
        """Number of windows in all."""
        return sum(source.windows for source in self.sources)

    @property
    def fresh(self) -> int | None:
        """Samples that a window has beyond the one before it; None if their frames do not coincide."""
        if self.front_end is None:
            return None
        samples = round(self.hop_seconds * self.front_end.sample_rate)
        return samples if samples % self.front_end.hop_length == 0 else None

    def batches(self) -> Iterator[Batch]:
        """The windows in order."""
        if self.given is not None:
            for start in range(0, self.windows, self.batch):
                inputs = self.given.values[start : min(start + self.batch, self.windows)]
                timestamps = np.arange(start, start + len(inputs), dtype=np.float64)
                yield Batch(0, self.given.pictures(inputs), timestamps, inputs=inputs)
            return
        assert self.front_end is not None
        for index, (source, clip) in enumerate(zip(self.sources, self.clips, strict=True)):
            samples, timestamps = windows(clip, self.front_end, self.hop_seconds)
            for start in range(0, source.windows, self.batch):
                part = slice(start, min(start + self.batch, source.windows))
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
    inputs: Path | None = None,
) -> Workload:
    """Load all recordings, so that a bad one is known before the board is bothered; `as_pcm` for a front end.

    `inputs` is an .npy of inputs to send instead. A network whose front end is unknown gets generated ones
    without it. Raises BadInputError for a recording or inputs that cannot be used, and for recordings where
    no front end is known; UsageError for both at once.
    """
    if inputs is not None or not network.front_end:
        if inputs is not None and audio:
            raise UsageError("both recordings and inputs are given", "Leave out --audio or --inputs.")
        if audio:
            raise BadInputError(
                f"{network.name} has no known front end that would make its input of recordings",
                "Give its inputs with --inputs FILE.npy, or leave out --audio for generated ones.",
            )
        given = read_inputs(inputs, network) if inputs is not None else generated_inputs(network)
        count = len(given.values) if limit is None else min(limit, len(given.values))
        warned = () if inputs is not None else (_GENERATED_INPUTS_WARNING,)
        return Workload(
            None, (Source(given.name, 0, count),), warned, (), 1.0, given=given, batch=_batch(network)
        )
    facts = front_end(network.front_end)
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
        if as_pcm and (clipped := beyond_full_scale(str(clip.path), clip.samples)):
            warnings.append(clipped)
        first += count
    used = tuple(clips[: len(sources)])
    return Workload(facts, tuple(sources), tuple(warnings), used, hop_seconds, as_pcm, batch=_batch(network))


def _batch(network: Network) -> int:
    return min(BATCH, max(1, _BATCH_MACS // max(1, network.macs)))


def _generated(facts: FrontEnd) -> list[Clip]:
    from edgel3_deploy.quantize.synthetic import generate

    sounds = generate(facts.sample_rate, GENERATED)
    return [Clip(Path(f"generated sound {index + 1}"), sound) for index, sound in enumerate(sounds)]


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    """File names, or whole paths where two recordings share a file name."""
    names = [path.name for path in paths]
    unique = len(set(names)) == len(names)
    return tuple(names) if unique else tuple(str(path) for path in paths)
