"""The int8 head: fully connected layers, then LOGISTIC or SOFTMAX, in TFLite Micro's integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import FullyConnected, Tensor
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.head import arithmetic

Int8Array = NDArray[np.int8]
Output = Literal["logistic", "softmax"]
"""logistic: any of the labels at a time; softmax: exactly one of them."""


@dataclass(frozen=True)
class HeadNetwork:
    """A chain of layers from the network's output to one value per label, and what makes scores of them."""

    layers: tuple[FullyConnected, ...]
    output: Output

    @property
    def input(self) -> Tensor:
        """What the head takes: an embedding as the network gives it."""
        return self.layers[0].input

    @property
    def logits(self) -> Tensor:
        """What the last layer gives."""
        return self.layers[-1].output

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one window."""
        return sum(layer.macs for layer in self.layers)


def run_head(head: HeadNetwork, embeddings: Int8Array) -> Int8Array:
    """int8 embeddings (n, features) to int8 scores (n, labels); a score s stands for (s + 128) / 256."""
    logits = np.empty((len(embeddings), head.logits.size), np.int8)
    for index, embedding in enumerate(embeddings):
        logits[index] = _logits(head, embedding)
    if head.output == "softmax":
        return arithmetic.softmax(arithmetic.softmax_constants(head.logits.scale), logits)
    constants = arithmetic.logistic_constants(head.logits.scale, head.logits.zero_point)
    return arithmetic.logistic(constants, logits)


def _logits(head: HeadNetwork, embedding: Int8Array) -> Int8Array:
    values = embedding
    for layer in head.layers:
        values = run_layer(layer, values)
    return values
