"""The head in float: a small perceptron, trained by scikit-learn."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.head.network import Output

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

_BATCHES = (16, 128)
_STEPS, _FEWEST_EPOCHS = 1200, 8
_ABSENT_LOGIT = -30.0
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True)
class Mlp:
    """Layers as (weights float32 (in, out), biases float32 (out,)); ReLU between them."""

    layers: tuple[tuple[FloatArray, FloatArray], ...]
    output: Output

    def activations(self, embeddings: FloatArray) -> list[FloatArray]:
        """What each layer gives, float32 (n, out), hidden ones behind their ReLU; the last are the logits."""
        outputs: list[FloatArray] = []
        values = embeddings
        for index, (weights, biases) in enumerate(self.layers):
            values = values @ weights + biases
            if index + 1 < len(self.layers):
                values = np.maximum(values, 0)
            outputs.append(values)
        return outputs

    def probabilities(self, embeddings: FloatArray) -> FloatArray:
        """Of each label, float32 (n, labels)."""
        logits = self.activations(embeddings)[-1].astype(np.float64)
        if self.output == "logistic":
            likely: FloatArray = (1 / (1 + np.exp(-logits.clip(-60, 60)))).astype(np.float32)
            return likely
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: FloatArray = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares


def fit_mlp(
    embeddings: FloatArray,
    targets: BoolArray,
    output: Output,
    *,
    hidden: tuple[int, ...],
    penalty: float,
    least_deviation: float,
    seed: int = 0,
) -> Mlp:
    """Train on windows: embeddings (n, features), targets (n, labels), one label a window for softmax.

    `penalty` is the weight of the squared weights, scikit-learn's alpha for batches of 128. Features are
    standardized, by at least `least_deviation`, so that none counts that varies less than its own rounding;
    the result takes them as they are.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    mean = embeddings.mean(axis=0, dtype=np.float64)
    deviation = np.maximum(embeddings.std(axis=0, dtype=np.float64), max(least_deviation, _LEAST_DEVIATION))
    batch = min(int(np.clip(len(embeddings) // 16, *_BATCHES)), len(embeddings))
    classifier = MLPClassifier(
        hidden,
        alpha=penalty * batch / _BATCHES[1],  # scikit-learn divides it by the batch
        batch_size=batch,
        max_iter=max(_STEPS * batch // len(embeddings), _FEWEST_EPOCHS),
        random_state=seed,
    )
    wanted = targets.argmax(axis=1) if output == "softmax" else targets.astype(np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed
        classifier.fit((embeddings - mean) / deviation, wanted)
    layers = [
        (np.asarray(w), np.asarray(b)) for w, b in zip(classifier.coefs_, classifier.intercepts_, strict=True)
    ]
    if output == "softmax":
        layers[-1] = _all_labels(*layers[-1], classifier.classes_, targets.shape[1])
    first = layers[0][0] / deviation[:, np.newaxis]
    layers[0] = (first, layers[0][1] - mean @ first)
    return Mlp(tuple((w.astype(np.float32), b.astype(np.float32)) for w, b in layers), output)


def _all_labels(
    weights: NDArray[np.float64], biases: NDArray[np.float64], present: NDArray[np.int64], labels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The last layer with a logit for each label: scikit-learn has only those that it saw, one for two."""
    if len(present) == 2:
        weights, biases = np.hstack([-weights / 2, weights / 2]), np.concatenate([-biases / 2, biases / 2])
    wide = np.zeros((len(weights), labels))
    bias = np.full(labels, _ABSENT_LOGIT)
    if len(present) == 1:
        bias[present] = 0
    else:
        wide[:, present], bias[present] = weights, biases
    return wide, bias
