"""Specialized embedding approximation: a small student learns a teacher's embedding on one's own recordings.

Srivastava et al., "Specialized Embedding Approximation for Edge Intelligence" (ICASSP 2021), with feature
maps matched on the way and a generator of urban sounds beside the recordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import SEA, FrontEnd, front_end, log_mel
from edgel3_deploy.compress.fidelity import Closeness, closeness
from edgel3_deploy.compress.objective import Objective
from edgel3_deploy.compress.projection import Projection, principal_components
from edgel3_deploy.compress.recordings import Recording, scan, split
from edgel3_deploy.compress.stream import WindowStream
from edgel3_deploy.compress.trainable import BLOCK_ENDS, StudentShape, Trainable, frozen_forward
from edgel3_deploy.compress.trainer import Batch, Recipe, Trainer
from edgel3_deploy.errors import UsageError
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent

if TYPE_CHECKING:
    import tensorflow as tf

FloatArray = NDArray[np.float32]

_MEASURED_WINDOWS = 512
_WINDOWS_PER_COMPONENT = 4
_EVALUATION_BATCH = 32
_GENERATED_HELD_OUT = 256


@dataclass(frozen=True)
class Request:
    """What `specialize` is asked for. `widths` are the filters of the student's eight convolutions.

    `held_out` is the share of the recordings, by whole files, that is kept from training and judges the
    result.
    """

    teacher: FloatNetwork
    recordings: tuple[Path, ...]
    widths: tuple[int, ...]
    recipe: Recipe = Recipe()
    held_out: float = 0.2
    map_weight: float = 4.0
    cosine_weight: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class Specialized:
    """A trained student, and how it was made. `closeness` is on the held-out windows, `untrained` before
    training.
    """

    network: FloatNetwork
    projection: Projection | None
    closeness: Closeness
    untrained: Closeness
    history: tuple[Mapping[str, float], ...]
    trained_on: tuple[str, ...]
    held_out: tuple[str, ...]
    warnings: tuple[str, ...]


def specialize(
    request: Request, *, checkpoint: Path | None = None, name: str = "student", progress: Progress = silent
) -> Specialized:
    """Train a student from random weights to give the teacher's embedding.

    Repeatable for a given request on a given machine; continues from `checkpoint` if that file exists, and
    keeps it up to date. Raises UsageError for a student wider than its teacher, BadInputError for recordings
    that cannot be read.
    """
    teacher = request.teacher
    if request.widths[-1] > teacher.convs[-1].weights.shape[-1]:
        raise UsageError(
            f"the student's embedding has {request.widths[-1]} dimensions, the teacher's "
            f"{teacher.convs[-1].weights.shape[-1]}",
            "Give a student that is as narrow as its teacher, or narrower.",
        )
    progress("scanning recordings")
    recordings, warnings = scan(request.recordings)
    training, held_out = split(recordings, request.held_out, request.seed)
    source = _Source(teacher, SEA, training, request.recipe.batch_size, request.seed)
    measured = _measure(teacher, source, request, progress)
    shape = StudentShape(SEA.name, SEA.n_mels, SEA.frames, request.widths)
    student = Trainable.random(shape, measured.input_gain, measured.input_offset, request.seed)
    trainer = Trainer(
        student,
        lambda spectrogram: _target(teacher, measured.projection, spectrogram),
        measured.objective,
        request.recipe,
        adapter_widths={
            index: teacher.convs[index].weights.shape[-1]
            for index in measured.objective.map_variances
            if request.widths[index] != teacher.convs[index].weights.shape[-1]
            or measured.projection is not None
        },
        seed=request.seed,
    )
    progress("preparing held-out windows")
    judge = _Judge(teacher, measured.projection, source.held_out(held_out))
    untrained = judge.closeness(trainer.network(name))
    trained = trainer.run(
        source.batch,
        lambda network: judge.closeness(network).to_json(),
        _settings(request, training, held_out),
        checkpoint,
        name,
        progress,
    )
    return Specialized(
        network=trained.network,
        projection=measured.projection,
        closeness=judge.closeness(trained.network),
        untrained=untrained,
        history=trained.history,
        trained_on=tuple(recording.path.name for recording in training),
        held_out=tuple(recording.path.name for recording in held_out),
        warnings=warnings,
    )


class _Source:
    """Windows for student and teacher, each through its own front end."""

    def __init__(
        self,
        teacher: FloatNetwork,
        student: FrontEnd,
        recordings: Sequence[Recording],
        batch_size: int,
        seed: int,
    ) -> None:
        self.teacher = front_end(teacher.front_end)
        self.student = student
        self._rate = max(self.teacher.sample_rate, student.sample_rate)
        self._stream = WindowStream(recordings, self._rate, batch_size, seed)
        self._seed = seed

    def batch(self, step: int) -> Batch:
        """Spectrograms of batch number `step`."""
        return self._spectrograms(self._stream.batch(step))

    def held_out(self, recordings: Sequence[Recording]) -> Batch:
        """Spectrograms of all windows of the recordings, cut as `validate` cuts them; of generated ones if
        there are none.
        """
        if not recordings:
            stream = WindowStream((), self._rate, _GENERATED_HELD_OUT, self._seed + 1)
            return self._spectrograms(stream.batch(0))
        both = [
            (_clip_windows(r.path, self.student), _clip_windows(r.path, self.teacher)) for r in recordings
        ]
        student = np.concatenate([spectrograms for spectrograms, _ in both])
        teacher = np.concatenate([spectrograms for _, spectrograms in both])
        return student, teacher

    def _spectrograms(self, samples: FloatArray) -> Batch:
        student = _log_mels(_resampled(samples, self._rate, self.student.sample_rate), self.student)
        if self.teacher == self.student:
            return student, student
        return student, _log_mels(_resampled(samples, self._rate, self.teacher.sample_rate), self.teacher)


def _resampled(samples: FloatArray, rate: int, target: int) -> FloatArray:
    """One-second windows, float32 (n, rate) -> (n, target)."""
    if rate == target:
        return samples
    import soxr

    return np.stack([soxr.resample(window, rate, target, quality="soxr_hq")[:target] for window in samples])


def _log_mels(samples: FloatArray, sizes: FrontEnd) -> FloatArray:
    return np.stack([log_mel(window, sizes) for window in samples])


def _clip_windows(path: Path, sizes: FrontEnd) -> FloatArray:
    from edgel3_deploy.audio.clips import load_clip, windows

    return _log_mels(windows(load_clip(path, sizes), sizes)[0], sizes)


@dataclass(frozen=True)
class _Measured:
    """What the first windows of the stream tell: the input's scale, the target's, and the teacher's maps'."""

    input_gain: float
    input_offset: float
    projection: Projection | None
    objective: Objective


def _measure(teacher: FloatNetwork, source: _Source, request: Request, progress: Progress) -> _Measured:
    import tensorflow as tf

    width = teacher.convs[-1].weights.shape[-1]
    narrower = request.widths[-1] < width
    windows = max(_MEASURED_WINDOWS, _WINDOWS_PER_COMPONENT * width if narrower else 0)
    steps = -(-windows // request.recipe.batch_size)
    matched = [i for i in BLOCK_ENDS if i < min(len(teacher.convs), len(request.widths))]
    matched = matched if source.teacher == source.student and request.map_weight > 0 else []
    forward = tf.function(lambda x: frozen_forward(teacher, x))
    spectrograms, embeddings, moments = [], [], np.zeros((len(matched), 2))
    for step in range(steps):
        progress("measuring the teacher", step * request.recipe.batch_size, windows)
        student_db, teacher_db = source.batch(step)
        maps, embedding = forward(tf.constant(teacher_db[..., None]))
        moments += [[float(tf.reduce_mean(maps[i])), float(tf.reduce_mean(maps[i] ** 2))] for i in matched]
        spectrograms.append(student_db)
        embeddings.append(embedding.numpy())
    decibels, targets = np.concatenate(spectrograms), np.concatenate(embeddings)
    projection = principal_components(targets, request.widths[-1]) if narrower else None
    targets = projection.apply(targets) if projection is not None else targets
    means, squares = (moments / steps).T if matched else ((), ())
    variances = {
        index: (index, max(float(square - mean**2), 1e-9))
        for index, mean, square in zip(matched, means, squares, strict=True)
    }
    objective = Objective.measured(targets, variances, request.map_weight, request.cosine_weight)
    gain = 1 / max(float(decibels.std()), 1e-6)
    return _Measured(gain, -gain * float(decibels.mean()), projection, objective)


def _target(
    teacher: FloatNetwork, projection: Projection | None, spectrogram: tf.Tensor
) -> tuple[list[tf.Tensor], tf.Tensor]:
    import tensorflow as tf

    maps, embedding = frozen_forward(teacher, spectrogram)
    if projection is not None:
        embedding = tf.nn.relu(
            embedding @ tf.constant(projection.components) + tf.constant(projection.offset)
        )
    return maps, embedding


class _Judge:
    """Compares a network with the teacher on windows that took no part in training."""

    def __init__(self, teacher: FloatNetwork, projection: Projection | None, windows: Batch) -> None:
        self._spectrograms, teacher_db = windows
        targets = embed(teacher, teacher_db)
        self._targets = projection.apply(targets) if projection is not None else targets

    def closeness(self, network: FloatNetwork) -> Closeness:
        return closeness(embed(network, self._spectrograms), self._targets)


def embed(network: FloatNetwork, spectrograms: FloatArray) -> FloatArray:
    """Embeddings of spectrograms (n, mel, frames) by TensorFlow, which is faster than numpy for many
    windows.
    """
    import tensorflow as tf

    parts = [
        frozen_forward(network, tf.constant(spectrograms[start : start + _EVALUATION_BATCH, ..., None]))[
            1
        ].numpy()
        for start in range(0, len(spectrograms), _EVALUATION_BATCH)
    ]
    return np.concatenate(parts)


def _settings(
    request: Request, training: Sequence[Recording], held_out: Sequence[Recording]
) -> dict[str, Any]:
    return {
        "teacher": request.teacher.name,
        "widths": list(request.widths),
        "recordings": [recording.path.name for recording in training],
        "held_out": [recording.path.name for recording in held_out],
        "map_weight": request.map_weight,
        "cosine_weight": request.cosine_weight,
        "seed": request.seed,
    }
