"""Specialized embedding approximation: a small student learns a teacher's embedding on one's own recordings.

Srivastava et al., "Specialized Embedding Approximation for Edge Intelligence" (ICASSP 2021), with feature
maps matched on the way and a generator of urban sounds beside the recordings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgel3_deploy.audio.frontend import SEA, front_end
from edgel3_deploy.compress.projection import Projection, principal_components
from edgel3_deploy.errors import UsageError
from edgel3_deploy.models.archive import fingerprint
from edgel3_deploy.models.family import FAMILY
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.train.backend import load_tensorflow
from edgel3_deploy.train.fidelity import Closeness
from edgel3_deploy.train.objective import Objective
from edgel3_deploy.train.recordings import Recording, split
from edgel3_deploy.train.source import Judge, Source, measure_teacher
from edgel3_deploy.train.trainable import BLOCK_ENDS, StudentShape, Trainable, frozen_forward
from edgel3_deploy.train.trainer import Recipe, Teacher, Trainer

if TYPE_CHECKING:
    import tensorflow as tf

MAX_FILTERS = 2048

_MEASURED_WINDOWS = 512
_WINDOWS_PER_COMPONENT = 4


@dataclass(frozen=True)
class Request:
    """What `specialize` is asked for. `widths` are the filters of the student's eight convolutions,
    `student_front_end` names what it hears through.

    `start` is a student of those widths to go on from instead of random weights, for a second round with a
    lower learning rate; its BatchNorm is folded already. `held_out` is the share of the recordings, by whole
    files, that is kept from training and judges the result; `judges` are recordings that do so instead, none
    of which may be among `recordings`.
    """

    teacher: FloatNetwork
    recordings: tuple[Recording, ...]
    widths: tuple[int, ...]
    recipe: Recipe = field(default_factory=Recipe)
    held_out: float = 0.2
    judges: tuple[Recording, ...] = ()
    map_weight: float = 4.0
    cosine_weight: float = 0.5
    huber: float | None = None
    seed: int = 0
    start: FloatNetwork | None = None
    student_front_end: str = SEA.name


@dataclass(frozen=True)
class Specialized:
    """A trained student, and how it was made. `closeness` is on the held-out windows, `untrained` before
    training, `constant` that of always giving the mean embedding.
    """

    network: FloatNetwork
    projection: Projection | None
    closeness: Closeness
    untrained: Closeness
    constant: Closeness
    filter_cosines: Mapping[str, float]
    history: tuple[Mapping[str, float], ...]
    trained_on: tuple[str, ...]
    held_out: tuple[str, ...]


def specialize(
    request: Request, *, checkpoint: Path | None = None, name: str = "student", progress: Progress = silent
) -> Specialized:
    """Train a student from random weights to give the teacher's embedding.

    Repeatable for a given request on a given machine; continues from `checkpoint` if that file exists, and
    keeps it up to date. Raises UsageError for a student wider than its teacher, a start of another shape, a
    checkpoint of another run and training that diverges, BadInputError for recordings that cannot be decoded
    and a teacher whose embedding overflows.
    """
    teacher = request.teacher
    if request.widths[-1] > teacher.embedding:
        raise UsageError(
            f"the student's embedding has {request.widths[-1]} dimensions, the teacher's {teacher.embedding}",
            "Give a student that is as narrow as its teacher, or narrower.",
        )
    start = _fitting(request.start, request) if request.start is not None else None
    hearing = front_end(request.student_front_end)
    load_tensorflow()
    training, held_out = request.recordings, request.judges
    if not held_out:
        training, held_out = split(training, request.held_out, request.seed)
    source = Source(
        front_end(teacher.front_end), hearing, training, request.recipe.batch_size, _stream_seed(request)
    )
    narrower = request.widths[-1] < teacher.embedding
    measured_windows = max(
        min(_MEASURED_WINDOWS, request.recipe.windows),
        _WINDOWS_PER_COMPONENT * teacher.embedding if narrower else 0,
    )
    measured = measure_teacher(
        lambda spectrogram: frozen_forward(teacher, spectrogram),
        source,
        _matched(request),
        measured_windows,
        progress,
    )
    projection = principal_components(measured.targets, request.widths[-1]) if narrower else None
    targets = measured.targets if projection is None else projection.apply(measured.targets)
    target = _target(teacher, projection)
    if start is None:
        shape = StudentShape(hearing.name, hearing.n_mels, hearing.frames, request.widths)
        student = Trainable.random(shape, measured.input_gain, measured.input_offset, request.seed)
    else:
        student = Trainable.from_network(start)
    trainer = Trainer(
        student,
        target,
        Objective.measured(
            targets, measured.map_variances, request.map_weight, request.cosine_weight, request.huber
        ),
        request.recipe,
        adapter_widths={
            index: teacher.convs[index].bias.size
            for index in measured.map_variances
            if narrower or request.widths[index] != teacher.convs[index].bias.size
        },
        seed=request.seed,
    )
    progress("preparing held-out windows")
    judge = Judge(target, source.held_out(held_out, request.seed))
    untrained = judge.closeness(trainer.network(name))
    trained = trainer.run(
        source.batch,
        lambda network: judge.closeness(network).to_json(),
        {**_settings(request, training, held_out), "measured_windows": measured_windows},
        path=checkpoint,
        name=name,
        progress=progress,
    )
    return Specialized(
        network=trained.network,
        projection=projection,
        closeness=judge.closeness(trained.network),
        untrained=untrained,
        constant=judge.of_constant(targets.mean(axis=0)),
        filter_cosines=filter_cosines(trained.network, teacher),
        history=trained.history,
        trained_on=tuple(recording.path.name for recording in training),
        held_out=tuple(recording.path.name for recording in held_out),
    )


def student_widths(student: str) -> tuple[int, ...]:
    """Filters of the eight convolutions of a student called by a SEA family name or by "W1,W2,W3,W4".

    Raises UsageError for anything else.
    """
    for known in FAMILY:
        if known.name == student and known.front_end == SEA.name:
            return known.widths
    parts = student.split(",")
    numbers = [int(part) for part in parts if re.fullmatch(r" *[0-9]{1,9} *", part)]
    if (len(parts), len(numbers)) != (4, 4) or not all(1 <= number <= MAX_FILTERS for number in numbers):
        raise UsageError(
            f"no student is called {student[:60]!r}",
            "Give sea-64, sea-128, sea-256, or the filters of the four blocks, such as 32,64,128,64.",
        )
    return tuple(number for number in numbers for _ in range(2))


def filter_cosines(network: FloatNetwork, teacher: FloatNetwork) -> dict[str, float]:
    """Mean cosine between filters of the same place, for each convolution of the same shape in both
    networks.
    """
    cosines = {}
    for conv, other in zip(network.convs, teacher.convs, strict=False):
        if conv.weights.shape == other.weights.shape:
            ours = conv.weights.reshape(-1, conv.weights.shape[-1]).astype(np.float64)
            theirs = other.weights.reshape(ours.shape).astype(np.float64)
            norms = np.linalg.norm(ours, axis=0) * np.linalg.norm(theirs, axis=0)
            cosines[conv.name] = float(np.mean((ours * theirs).sum(axis=0) / np.maximum(norms, 1e-12)))
    return cosines


def _stream_seed(request: Request) -> int:
    """Seed of the training windows: a round that goes on from a student hears others than the round that
    made it, yet is judged on the same windows.
    """
    if request.start is None:
        return request.seed
    return int(fingerprint(request.start), 16) + request.seed


def _fitting(start: FloatNetwork, request: Request) -> FloatNetwork:
    found = tuple(conv.bias.size for conv in start.convs)
    wanted, front_end_name = request.widths, request.student_front_end
    if found != wanted or start.front_end != front_end_name:
        raise UsageError(
            f"{start.name} has filters {found} and front end {start.front_end}, "
            f"the student {wanted} and {front_end_name}",
            "Start from a student of the same architecture.",
        )
    return start


def _matched(request: Request) -> tuple[int, ...]:
    """Convolutions whose outputs are matched: the ends of blocks, if student and teacher hear through the
    same front end.
    """
    if request.teacher.front_end != request.student_front_end or request.map_weight <= 0:
        return ()
    return tuple(index for index in BLOCK_ENDS if index < len(request.teacher.convs))


def _target(teacher: FloatNetwork, projection: Projection | None) -> Teacher:
    """What the student learns from: the teacher's maps, and its embedding, projected if the student is
    narrower.
    """

    def forward(spectrogram: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        import tensorflow as tf

        maps, embedding = frozen_forward(teacher, spectrogram)
        if projection is not None:
            projected = embedding @ tf.constant(projection.components) + tf.constant(projection.offset)
            embedding = tf.nn.relu(projected)
        return maps, embedding

    return forward


def _settings(
    request: Request, training: Sequence[Recording], held_out: Sequence[Recording]
) -> dict[str, Any]:
    return {
        "teacher": fingerprint(request.teacher),
        "widths": list(request.widths),
        "front_end": request.student_front_end,
        "recordings": [recording.identity for recording in training],
        "held_out": [recording.identity for recording in held_out],
        "map_weight": request.map_weight,
        "cosine_weight": request.cosine_weight,
        "huber": request.huber,
        "seed": request.seed,
        "start": fingerprint(request.start) if request.start is not None else None,
    }
