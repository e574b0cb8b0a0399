"""Windows for student and teacher, each through its own front end, and what they tell about a teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import load_clip, window_count, windows
from edgel3_deploy.audio.frontend import SEA, FrontEnd, log_mel
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.train.fidelity import Closeness, closeness
from edgel3_deploy.train.recordings import Recording, read_excerpt
from edgel3_deploy.train.stream import WindowStream
from edgel3_deploy.train.trainable import frozen_forward
from edgel3_deploy.train.trainer import Batch, Teacher

FloatArray = NDArray[np.float32]

_EVALUATION_BATCH = 32
_EVALUATION_VALUES = 200_000
"""Spectrogram values in a batch: 32 windows of SEA, 3 of L3, whose feature maps would fill gigabytes."""
_GENERATED_HELD_OUT = 256
_MOST_HELD_OUT = 2048


class Source:
    """Batches of training windows as spectrograms, and the windows of recordings kept from training."""

    def __init__(
        self,
        teacher: FrontEnd,
        student: FrontEnd,
        recordings: Sequence[Recording],
        batch_size: int,
        seed: int,
    ) -> None:
        self._teacher = teacher
        self._student = student
        self._rate = max(teacher.sample_rate, student.sample_rate)
        self._stream = WindowStream(recordings, self._rate, batch_size, seed)

    @property
    def batch_size(self) -> int:
        """Windows in a batch."""
        return self._stream.batch_size

    def batch(self, step: int) -> Batch:
        """Spectrograms of batch number `step`."""
        return self._spectrograms(self._stream.batch(step))

    def held_out(self, recordings: Sequence[Recording], seed: int) -> Batch:
        """All windows of the recordings, cut as `validate` cuts them, but an even share of long or many
        recordings; if there are none, windows generated with `seed`.

        Raises BadInputError if a recording cannot be decoded.
        """
        if not recordings:
            stream = WindowStream((), self._rate, _GENERATED_HELD_OUT, seed + 1)
            return self._spectrograms(stream.batch(0))
        most = max(_MOST_HELD_OUT // len(recordings), 1)
        student = _recorded_windows(recordings, self._student, most)
        if self._teacher == self._student:
            return student, student
        return student, _recorded_windows(recordings, self._teacher, most)

    def _spectrograms(self, samples: FloatArray) -> Batch:
        student = _log_mels(_resampled(samples, self._rate, self._student.sample_rate), self._student)
        if self._teacher == self._student:
            return student, student
        return student, _log_mels(_resampled(samples, self._rate, self._teacher.sample_rate), self._teacher)


@dataclass(frozen=True)
class Measured:
    """What the first windows of a stream tell: the student's input, x = input_gain * dB + input_offset, with
    mean zero and variance one; the teacher's embeddings, (n, width); and the variance of its maps, by
    convolution, each with the index of the teacher's convolution that it is compared with.
    """

    input_gain: float
    input_offset: float
    targets: FloatArray
    map_variances: Mapping[int, tuple[int, float]]


def measure_teacher(
    teacher: Teacher, source: Source, matched: Sequence[int], windows: int, progress: Progress = silent
) -> Measured:
    """Run the first `windows` windows of `source`, in whole batches, through `teacher`.

    Raises BadInputError if its outputs overflow, or do not depend on the sound.
    """
    import tensorflow as tf

    steps = -(-windows // source.batch_size)
    forward = tf.function(teacher)
    spectrograms, targets, moments = [], [], np.zeros((len(matched), 2))
    for step in range(steps):
        progress("measuring the teacher", step * source.batch_size, windows)
        student_db, teacher_db = source.batch(step)
        maps, embedding = forward(tf.constant(teacher_db[..., None]))
        for row, index in enumerate(matched):
            moments[row] += [
                float(tf.reduce_mean(maps[index])),
                float(tf.reduce_mean(tf.square(maps[index]))),
            ]
        spectrograms.append(student_db)
        targets.append(embedding.numpy())
    decibels, embeddings = np.concatenate(spectrograms), np.concatenate(targets)
    means, squares = (moments / steps).T
    with np.errstate(over="ignore", invalid="ignore"):
        spread, variances = embeddings.var(axis=0), np.maximum(squares - means**2, 1e-9)
    if not (np.isfinite(spread).all() and np.isfinite(variances).all()):
        raise BadInputError("the teacher's outputs overflow float32", "Give other weights.")
    if not np.ptp(embeddings, axis=0).any():
        raise BadInputError("the teacher's embedding is the same for every sound", "Give other weights.")
    gain = 1 / max(float(decibels.std()), 1e-6)
    map_variances = {
        index: (index, float(variance)) for index, variance in zip(matched, variances, strict=True)
    }
    return Measured(gain, -gain * float(decibels.mean()), embeddings, map_variances)


class Judge:
    """Compares networks with a teacher on windows that took no part in training."""

    def __init__(self, teacher: Teacher, windows: Batch) -> None:
        self._spectrograms, teacher_db = windows
        self._targets = _in_batches(teacher, teacher_db)

    def closeness(self, network: FloatNetwork) -> Closeness:
        """How close the network's embeddings come to the teacher's."""
        return closeness(_in_batches(lambda x: frozen_forward(network, x), self._spectrograms), self._targets)

    def of_constant(self, embedding: FloatArray) -> Closeness:
        """How close always giving `embedding`, (width,), comes: what a network has to beat."""
        return closeness(np.broadcast_to(embedding, self._targets.shape), self._targets)


def _in_batches(forward: Teacher, spectrograms: FloatArray) -> FloatArray:
    """Embeddings of spectrograms (n, mel, frames)."""
    import tensorflow as tf

    size = min(_EVALUATION_BATCH, max(_EVALUATION_VALUES // spectrograms[0].size, 1))
    starts = range(0, len(spectrograms), size)
    pieces = (spectrograms[start : start + size, ..., None] for start in starts)
    return np.concatenate([forward(tf.constant(piece))[1].numpy() for piece in pieces])


def _resampled(samples: FloatArray, rate: int, target: int) -> FloatArray:
    """One-second windows, float32 (n, rate) -> (n, target)."""
    if rate == target:
        return samples
    import soxr

    return np.stack([soxr.resample(window, rate, target, quality="soxr_hq")[:target] for window in samples])


def _log_mels(samples: FloatArray, sizes: FrontEnd) -> FloatArray:
    return np.stack([log_mel(window, sizes) for window in samples])


def _recorded_windows(recordings: Sequence[Recording], sizes: FrontEnd, most: int) -> FloatArray:
    """Spectrograms of the windows of each recording, at most `most` of one, then evenly spaced."""
    return np.concatenate([_log_mels(_cut(recording, sizes, most), sizes) for recording in recordings])


def _cut(recording: Recording, sizes: FrontEnd, most: int) -> FloatArray:
    rate = sizes.sample_rate
    # Counted at one rate, so that student and teacher get the same windows whatever theirs is.
    if window_count(round(recording.seconds * SEA.sample_rate), SEA) <= most:
        return windows(load_clip(recording.path, sizes), sizes)[0]
    cut = np.zeros((most, rate), np.float32)
    for window, start in zip(cut, np.linspace(0, max(recording.seconds - 1, 0), most), strict=True):
        samples = read_excerpt(recording, start, rate, seconds=1)[:rate]
        window[: len(samples)] = samples
    return cut
