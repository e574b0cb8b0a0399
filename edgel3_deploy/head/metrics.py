"""How well clips are labelled: the official metrics of each kind of data set, and what the report draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

_LEAST_PROBABILITY = 1 / 512  # half a step of the int8 scores
_BINS = 10


@dataclass(frozen=True)
class Metrics:
    """Of `clips` clips. `accuracy` (one label a clip) or `micro_auprc` (any), the other None.

    `confusion`: with one label a clip counts (true, found); else per label the four counts (true negative,
    false positive, false negative, true positive) at 0.5. `calibration`: per bin of probability the mean
    probability, the share that was true, and how many.
    """

    clips: int
    accuracy: float | None
    micro_auprc: float | None
    macro_auprc: float
    confusion: tuple[tuple[int, ...], ...]
    calibration: tuple[tuple[float, float, int], ...]

    def to_json(self) -> dict[str, Any]:
        """The figures by name, without those that do not apply."""
        facts = {
            "clips": self.clips,
            "accuracy": self.accuracy,
            "micro_auprc": self.micro_auprc,
            "macro_auprc": self.macro_auprc,
            "confusion": [list(row) for row in self.confusion],
            "calibration": [list(row) for row in self.calibration],
        }
        return {name: value for name, value in facts.items() if value is not None}

    @property
    def headline(self) -> str:
        """The official figure in words."""
        if self.accuracy is not None:
            return f"accuracy {100 * self.accuracy:.1f} %"
        return f"AUPRC micro {self.micro_auprc:.3f}, macro {self.macro_auprc:.3f}"


def measure(probabilities: FloatArray, targets: BoolArray, exclusive: bool) -> Metrics:
    """Judge clips: probabilities and targets, both (clips, labels).

    The macro AUPRC leaves out labels that no judged clip has.
    """
    from sklearn.metrics import average_precision_score

    judged = targets.any(axis=0)
    macro = float(average_precision_score(targets[:, judged], probabilities[:, judged], average="macro"))
    calibration = _calibration(probabilities, targets, exclusive)
    if exclusive:
        truth, found = targets.argmax(axis=1), probabilities.argmax(axis=1)
        confusion = np.zeros((targets.shape[1],) * 2, np.int64)
        np.add.at(confusion, (truth, found), 1)
        accuracy = float((truth == found).mean())
        return Metrics(len(targets), accuracy, None, macro, _rows(confusion), calibration)
    micro = float(average_precision_score(targets.ravel(), probabilities.ravel()))
    found_any = probabilities >= 0.5
    counts = np.stack(
        [
            (a & b).sum(axis=0)
            for b, a in (
                (~targets, ~found_any),
                (~targets, found_any),
                (targets, ~found_any),
                (targets, found_any),
            )
        ],
        axis=1,
    )
    return Metrics(len(targets), None, micro, macro, _rows(counts), calibration)


def log_loss(probabilities: FloatArray, targets: BoolArray, exclusive: bool) -> float:
    """The mean negative log-likelihood of clips; smaller is better, and smoother than counting errors."""
    if exclusive:
        shares = probabilities / probabilities.sum(axis=1, keepdims=True)
        return float(-np.log(np.maximum(shares[targets], _LEAST_PROBABILITY)).mean())
    likelihood = np.where(targets, probabilities, 1 - probabilities)
    return float(-np.log(np.maximum(likelihood, _LEAST_PROBABILITY)).mean())


def best_thresholds(probabilities: FloatArray, targets: BoolArray) -> FloatArray:
    """The threshold in (0, 1) of each label's highest F1, float32 (labels,); 0.5 for one without clips."""
    from sklearn.metrics import precision_recall_curve

    thresholds = np.full(targets.shape[1], 0.5, np.float32)
    for index in np.flatnonzero(targets.any(axis=0)):
        precision, recall, steps = precision_recall_curve(targets[:, index], probabilities[:, index])
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        best = int(f1[:-1].argmax())
        below = steps[best - 1] if best else 0.0
        thresholds[index] = np.clip((steps[best] + below) / 2, 1 / 64, 63 / 64)
    return thresholds


def _calibration(
    probabilities: FloatArray, targets: BoolArray, exclusive: bool
) -> tuple[tuple[float, float, int], ...]:
    """Of the found label with one label a clip, else of every label."""
    if exclusive:
        shares = probabilities / probabilities.sum(axis=1, keepdims=True)
        found = shares.argmax(axis=1)
        rows = np.arange(len(shares))
        said, true = shares[rows, found], targets[rows, found]
    else:
        said, true = probabilities.ravel(), targets.ravel()
    places = np.minimum((said * _BINS).astype(np.int64), _BINS - 1)
    bins = [(places == place) for place in range(_BINS)]
    return tuple(
        (float(said[inside].mean()), float(true[inside].mean()), int(inside.sum()))
        for inside in bins
        if inside.any()
    )


def _rows(counts: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in counts.tolist())
