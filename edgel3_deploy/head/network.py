"""The int8 head: fully connected layers, then LOGISTIC or SOFTMAX, in TFLite Micro's integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.fixed_point import requantize
from edgel3_deploy.graph.ir import FullyConnected, Tensor
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
    values = embeddings
    for layer in head.layers:
        values = _run_layer(layer, values)
    if head.output == "softmax":
        return arithmetic.softmax(arithmetic.softmax_constants(head.logits.scale), values)
    constants = arithmetic.logistic_constants(head.logits.scale, head.logits.zero_point)
    return arithmetic.logistic(constants, values)


def _run_layer(layer: FullyConnected, values: Int8Array) -> Int8Array:
    """All windows at once; products of float64 are exact, since sums stay below 2 ** 53."""
    centred = values.astype(np.float64) - layer.input.zero_point
    sums = (centred @ layer.weights.T.astype(np.float64)).astype(np.int64)
    accumulators = (sums + layer.bias).astype(np.int32)
    scaled = requantize(accumulators, layer.requantize) + layer.output.zero_point
    return scaled.clip(layer.activation_min, layer.activation_max).astype(np.int8)
