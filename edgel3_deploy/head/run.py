"""What the commands do: train a head on a data set, and test one on data that did not train it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.extras import require_extra
from edgel3_deploy.fileio import sha256
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.head.adapt import head_for
from edgel3_deploy.head.dataset import Dataset, check_trainable
from edgel3_deploy.head.embeddings import embed_clips, float_embedder, int8_embedder
from edgel3_deploy.head.file import HeadFile
from edgel3_deploy.head.formats import Format, read_dataset
from edgel3_deploy.head.metrics import Metrics, measure
from edgel3_deploy.head.train import (
    DEFAULT_CHOICES,
    Choices,
    Settings,
    Trained,
    clip_probabilities,
    float_windows,
    int8_windows,
    train,
)
from edgel3_deploy.models.archive import fingerprint
from edgel3_deploy.models.locate import locate
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize import quantize
from edgel3_deploy.reference.accept import read_network_file


@dataclass(frozen=True)
class TrainRequest:
    """A data set, the model whose embeddings are taken, folds that take no part, and the settings to try."""

    data: Path
    format: Format
    model: str
    calibration: Sequence[Path] = ()
    held_out: tuple[str, ...] = ()
    choices: Choices = DEFAULT_CHOICES
    compare_float: bool = False


@dataclass(frozen=True)
class TrainResult:
    """The head, its metrics, and rows to compare: embeddings, head, metrics."""

    head: HeadFile
    metrics: Metrics
    rows: tuple[tuple[str, str, Metrics], ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class HeadTest:
    """How a head did on clips that did not train it; `known` counts those that did, which were left out."""

    metrics: Metrics
    known: int


@dataclass(frozen=True)
class _Model:
    name: str
    network: Network
    tflite: bytes
    weights: FloatNetwork | None
    warnings: tuple[str, ...]


def train_head(request: TrainRequest, progress: Progress = silent) -> TrainResult:
    """Train a head and judge it by folds.

    Raises BadInputError for a data set or a model that cannot be used, UsageError for folds that are not
    there and for a comparison with float weights that are not at hand.
    """
    require_extra("head", "training a head")
    dataset = _without(read_dataset(request.data, request.format), request.held_out, request.data)
    model = _take(request.model, request.calibration, progress)
    if request.compare_float and model.weights is None:
        raise UsageError(
            f"{request.model} is a .tflite: its float weights are not at hand", "Leave out --compare-float."
        )
    clips = embed_clips(dataset.clips, int8_embedder(model.network, model.tflite), progress)
    trained = train(dataset, int8_windows(clips, model.network.output), request.choices, progress)
    assert trained.head.network is not None and trained.int8_metrics is not None
    rows = [
        ("int8", "int8", trained.int8_metrics),
        ("int8", "float", trained.float_metrics),
    ]
    if request.compare_float and model.weights is not None:
        exact = embed_clips(dataset.clips, float_embedder(model.weights), progress)
        compared = train(dataset, float_windows(exact), request.choices, progress)
        rows.append(("float", "float", compared.float_metrics))
    trainers = [
        clip.sha256 for clip, listed in zip(clips, dataset.clips, strict=True) if listed.fold != "test"
    ]
    head = HeadFile(
        network=trained.head.network,
        labels=dataset.labels,
        model_name=model.name,
        model_sha256=sha256(model.tflite),
        weights_sha256="" if model.weights is None else fingerprint(model.weights),
        pooling=trained.head.settings.pooling,
        thresholds=tuple(round(float(value), 4) for value in trained.thresholds),
        data=_data(request, dataset, trained),
        metrics=trained.metrics.to_json(),
        folds=[
            {"fold": fold, "headline": metrics.headline, **settings_json(settings)}
            for fold, metrics, settings in trained.fold_metrics
        ],
        trained_on=tuple(sorted(set(trainers))),
    )
    return TrainResult(head, trained.metrics, tuple(rows), model.warnings)


def judge_head(
    head: HeadFile,
    data: Path,
    format: Format,
    model: str,
    *,
    calibration: Sequence[Path] = (),
    progress: Progress = silent,
) -> HeadTest:
    """Judge `head` on the clips of a data set that took no part in its training.

    Raises UsageError for another model's head and if no clip is left; BadInputError for a data set that
    cannot be used or has other labels.
    """
    require_extra("head", "judging a head")
    dataset = read_dataset(data, format)
    taken = _take(model, calibration, progress)
    head = head_for(head, taken.network, taken.tflite, taken.weights)
    unknown = sorted(set(dataset.labels) - set(head.labels))
    if unknown:
        raise BadInputError(
            f"{data}: the head has no label {unknown[0]}", f"Its labels are {', '.join(head.labels)}."
        )
    clips = embed_clips(dataset.clips, int8_embedder(taken.network, taken.tflite), progress)
    known = set(head.trained_on)
    chosen = [index for index, clip in enumerate(clips) if clip.sha256 not in known]
    if dataset.split:
        chosen = [index for index in chosen if dataset.clips[index].fold == "test"]
    if not chosen:
        raise UsageError(
            f"{data}: every clip took part in the training of this head",
            "Train with --hold-out FOLD, or give other data.",
        )
    places = [head.labels.index(label) for label in dataset.labels]
    targets = dataset.targets()[chosen]
    wide = _widened(targets, places, len(head.labels))
    found = clip_probabilities(head.network, head.pooling, [clips[index] for index in chosen])
    return HeadTest(measure(found, wide, head.exclusive), len(clips) - len(chosen))


def settings_json(settings: Settings) -> dict[str, Any]:
    """Settings as the head file keeps them."""
    return {"hidden": list(settings.hidden), "penalty": settings.penalty, "pooling": settings.pooling}


def _take(model: str, calibration: Sequence[Path], progress: Progress) -> _Model:
    """The int8 network that a build would run, and its float weights if it comes from such."""
    located = locate(model)
    if located.kind == "tflite":
        if calibration:
            raise UsageError(f"{model} is quantized already", "Leave out --calibration.")
        network, content = read_network_file(located.path, located.name)
        return _Model(located.name, network, content, None, network.warnings)
    weights = read_weights(located.path)
    quantized = quantize(weights, calibration=calibration, progress=progress)
    network = read_network(quantized.tflite, name=located.name)
    return _Model(located.name, network, quantized.tflite, weights, quantized.warnings)


def _without(dataset: Dataset, held_out: tuple[str, ...], where: Path) -> Dataset:
    unknown = [fold for fold in held_out if fold not in dataset.folds]
    if unknown or (held_out and dataset.split):
        raise UsageError(
            f"--hold-out {(unknown or held_out)[0]}: not a fold of {where} that can be held out",
            f'Folds are {", ".join(dataset.folds)}; a fixed split holds out "test" by itself.',
        )
    kept = dataset.without(held_out)
    if held_out:
        check_trainable(kept, where)
    return kept


def _data(request: TrainRequest, dataset: Dataset, trained: Trained) -> dict[str, Any]:
    """What the head was trained on, in words and numbers."""
    return {
        "format": request.format,
        "folder": request.data.resolve().name,
        "clips": len(dataset.clips),
        "folds": ", ".join(dataset.folds),
        "held out": ", ".join(request.held_out) or "none",
        "hidden layers": " x ".join(map(str, trained.head.settings.hidden)) or "none",
        "penalty": trained.head.settings.penalty,
        "pooling": trained.head.settings.pooling,
    }


def _widened(targets: NDArray[np.bool_], places: list[int], labels: int) -> NDArray[np.bool_]:
    """Targets with the head's own columns."""
    wide = np.zeros((len(targets), labels), bool)
    wide[:, places] = targets
    return wide
