"""Training a head and judging it: settings are chosen inside the training folds, never on the judging one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Tensor
from edgel3_deploy.graph.tensors import dequantize
from edgel3_deploy.head.arithmetic import probabilities
from edgel3_deploy.head.dataset import Dataset
from edgel3_deploy.head.embeddings import ClipEmbeddings
from edgel3_deploy.head.metrics import Metrics, best_thresholds, log_loss, measure
from edgel3_deploy.head.mlp import Mlp, fit_mlp
from edgel3_deploy.head.network import HeadNetwork, Output, run_head
from edgel3_deploy.head.pool import MEAN, POOLINGS, pool
from edgel3_deploy.head.quantize import quantize_head
from edgel3_deploy.progress import Progress, silent

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

HIDDEN: tuple[tuple[int, ...], ...] = ((), (64,))
PENALTIES = (0.3, 1.0)
_MOST_INNER_FOLDS = 3


@dataclass(frozen=True)
class Settings:
    """Widths of the hidden layers, weight of the squared weights, and one of `head.pool.POOLINGS`."""

    hidden: tuple[int, ...]
    penalty: float
    pooling: str


DEFAULT = Settings((64,), 1.0, MEAN)
"""What is taken where no fold is left to choose on."""


@dataclass(frozen=True)
class Choices:
    """The settings that are tried."""

    hidden: tuple[tuple[int, ...], ...] = HIDDEN
    penalties: tuple[float, ...] = PENALTIES
    poolings: tuple[str, ...] = POOLINGS


DEFAULT_CHOICES = Choices()


@dataclass(frozen=True)
class Windows:
    """All windows of a data set as training takes them.

    `embeddings` are real numbers (windows, features); `tensor` is the network's output if they stand for its
    int8 values, None for those of a float network. `counts` has the windows of each clip.
    """

    embeddings: FloatArray
    counts: NDArray[np.int64]
    tensor: Tensor | None

    def of(self, clips: BoolArray) -> tuple[FloatArray, NDArray[np.int64]]:
        """Embeddings and counts of some clips."""
        return self.embeddings[np.repeat(clips, self.counts)], self.counts[clips]


@dataclass(frozen=True)
class Head:
    """A trained head: in float, in int8 if the embeddings are, and how its windows become clips."""

    mlp: Mlp
    network: HeadNetwork | None
    settings: Settings


@dataclass(frozen=True)
class Trained:
    """The head for use, thresholds per label, float32 (labels,), and what its kind reached on judging folds.

    `float_metrics` are those of the head in float on the same embeddings, `int8_metrics` of the one in int8;
    `fold_metrics` the latter's (else the former's) by fold, with the settings chosen there.
    """

    head: Head
    thresholds: FloatArray
    float_metrics: Metrics
    int8_metrics: Metrics | None
    fold_metrics: tuple[tuple[str, Metrics, Settings], ...]

    @property
    def metrics(self) -> Metrics:
        """What the head is expected to reach: in int8 if it has that."""
        return self.int8_metrics or self.float_metrics


def int8_windows(clips: Sequence[ClipEmbeddings], tensor: Tensor) -> Windows:
    """Of an int8 network whose output is `tensor`."""
    windows = float_windows(clips)
    stacked = np.concatenate([clip.embeddings for clip in clips]).astype(np.int8)
    return replace(windows, embeddings=dequantize(tensor, stacked), tensor=tensor)


def float_windows(clips: Sequence[ClipEmbeddings]) -> Windows:
    """Of a float network."""
    stacked = np.concatenate([clip.embeddings for clip in clips]).astype(np.float32)
    return Windows(stacked, np.array([len(clip.embeddings) for clip in clips]), None)


def train(
    dataset: Dataset, windows: Windows, choices: Choices = DEFAULT_CHOICES, progress: Progress = silent
) -> Trained:
    """Judge by folds, then train the head for use.

    For each judging fold the settings are chosen by the log loss of clips in the folds that train, each
    judged by the others. The head for use learns from all folds with settings chosen likewise over all of
    them; with a split, from "train", the choice made on "validate", and is the very one that "test" judged.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums have one order, and the products are small
        return _train(dataset, windows, choices, progress)


def _train(dataset: Dataset, windows: Windows, choices: Choices, progress: Progress) -> Trained:
    folds = np.array([clip.fold for clip in dataset.clips])
    trainer = _Trainer(dataset, windows, choices)
    judged: list[tuple[str, BoolArray, FloatArray, FloatArray | None, Settings]] = []
    head: Head | None = None
    for index, fold in enumerate(dataset.judged):
        progress("judging by folds", index, len(dataset.judged))
        outside = folds == "train" if dataset.split else folds != fold
        choice = trainer.choose(_pairs(dataset, folds, folds != fold))
        head = trainer.fit(outside, choice.settings)
        judged.append((fold, folds == fold, *trainer.judge(head, folds == fold), choice.settings))
    progress("training the head")
    assert head is not None
    choice = trainer.choose(_pairs(dataset, folds, folds != "test" if dataset.split else folds != ""))
    if not dataset.split:
        head = trainer.fit(np.ones(len(folds), bool), choice.settings)
    targets = dataset.targets()
    order = np.concatenate([np.flatnonzero(clips) for _, clips, *_ in judged])

    def metrics(values: list[FloatArray]) -> Metrics:
        return measure(np.concatenate(values), targets[order], dataset.exclusive)

    int8 = [found for *_, found, _ in judged if found is not None]
    return Trained(
        head=head,
        thresholds=choice.thresholds,
        float_metrics=metrics([found for _, _, found, _, _ in judged]),
        int8_metrics=metrics(int8) if int8 else None,
        fold_metrics=tuple(
            (fold, measure(real if found is None else found, targets[clips], dataset.exclusive), settings)
            for fold, clips, real, found, settings in judged
        ),
    )


def clip_probabilities(head: HeadNetwork, pooling: str, clips: Sequence[ClipEmbeddings]) -> FloatArray:
    """What the int8 head says of clips of int8 embeddings: float32 (clips, labels)."""
    scores = run_head(head, np.concatenate([clip.embeddings for clip in clips]).astype(np.int8))
    return pool(probabilities(scores), np.array([len(clip.embeddings) for clip in clips]), pooling)


@dataclass(frozen=True)
class _Choice:
    settings: Settings
    thresholds: FloatArray


def _pairs(dataset: Dataset, folds: NDArray[np.str_], usable: BoolArray) -> list[tuple[BoolArray, BoolArray]]:
    """Which clips train and which choose, within the usable ones; none if nothing is left to choose on."""
    if dataset.split:
        pair = (folds == "train", folds == "validate")
        return [pair] if pair[1].any() else []
    names = [name for name in dataset.folds if (usable & (folds == name)).any()]
    if len(names) < 2:
        return []
    return [(usable & (folds != name), usable & (folds == name)) for name in names[:_MOST_INNER_FOLDS]]


class _Trainer:
    """Fits and judges heads on parts of one data set."""

    def __init__(self, dataset: Dataset, windows: Windows, choices: Choices) -> None:
        self._exclusive = dataset.exclusive
        self._output: Output = "softmax" if dataset.exclusive else "logistic"
        self._windows = windows
        self._choices = choices
        self._targets = dataset.targets()
        self._window_targets = np.repeat(self._targets, windows.counts, axis=0)
        self._fitted: dict[tuple[bytes, tuple[int, ...], float], Mlp] = {}

    def choose(self, pairs: list[tuple[BoolArray, BoolArray]]) -> _Choice:
        """The settings of the smallest log loss over the pairs (training clips, choosing clips)."""
        if not pairs:
            settings = Settings(
                self._choices.hidden[-1],
                DEFAULT.penalty,
                MEAN if MEAN in self._choices.poolings else self._choices.poolings[0],
            )
            return _Choice(settings, np.full(self._targets.shape[1], 0.5, np.float32))
        truth = np.concatenate([self._targets[choosing] for _, choosing in pairs])
        counts = np.concatenate([self._windows.counts[choosing] for _, choosing in pairs])
        best: tuple[float, _Choice] | None = None
        for hidden, penalty in itertools.product(self._choices.hidden, self._choices.penalties):
            windows = np.concatenate([self._window_probabilities(*pair, hidden, penalty) for pair in pairs])
            for pooling in self._choices.poolings:
                clips = pool(windows, counts, pooling)
                loss = log_loss(clips, truth, self._exclusive)
                if best is None or loss < best[0]:
                    settings = Settings(hidden, penalty, pooling)
                    best = (loss, _Choice(settings, best_thresholds(clips, truth)))
        assert best is not None
        return best[1]

    def fit(self, clips: BoolArray, settings: Settings) -> Head:
        """A head trained on those clips."""
        mlp = self._fit(clips, settings.hidden, settings.penalty)
        tensor = self._windows.tensor
        embeddings, _ = self._windows.of(clips)
        return Head(mlp, None if tensor is None else quantize_head(mlp, tensor, embeddings), settings)

    def judge(self, head: Head, clips: BoolArray) -> tuple[FloatArray, FloatArray | None]:
        """Probabilities of those clips by the head in float and in int8."""
        embeddings, counts = self._windows.of(clips)
        real = pool(head.mlp.probabilities(embeddings), counts, head.settings.pooling)
        tensor = self._windows.tensor
        if head.network is None or tensor is None:
            return real, None
        values = np.rint(embeddings / np.float32(tensor.scale)).astype(np.int32) + tensor.zero_point
        scores = run_head(head.network, values.astype(np.int8))
        return real, pool(probabilities(scores), counts, head.settings.pooling)

    def _fit(self, clips: BoolArray, hidden: tuple[int, ...], penalty: float) -> Mlp:
        """Trained once: judging folds share most of what they choose by."""
        key = (clips.tobytes(), hidden, penalty)
        if key not in self._fitted:
            chosen = np.repeat(clips, self._windows.counts)
            tensor = self._windows.tensor
            self._fitted[key] = fit_mlp(
                self._windows.embeddings[chosen],
                self._window_targets[chosen],
                self._output,
                hidden=hidden,
                penalty=penalty,
                least_deviation=0.0 if tensor is None else tensor.scale,
            )
        return self._fitted[key]

    def _window_probabilities(
        self, training: BoolArray, choosing: BoolArray, hidden: tuple[int, ...], penalty: float
    ) -> FloatArray:
        mlp = self._fit(training, hidden, penalty)
        return mlp.probabilities(self._windows.of(choosing)[0])
