"""The head in int8: weights per output, ranges as the training windows show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.fixed_point import quantize_multipliers
from edgel3_deploy.graph.ir import FullyConnected, Tensor
from edgel3_deploy.head.mlp import Mlp
from edgel3_deploy.head.network import HeadNetwork

FloatArray = NDArray[np.float32]

_LEAST_RANGE = 1e-3
_MOST_BIAS = 1 << 30


def quantize_head(mlp: Mlp, embedding: Tensor, embeddings: FloatArray) -> HeadNetwork:
    """The int8 head of `mlp` for a network whose output is `embedding`.

    `embeddings` (n, features), real numbers, are the windows whose ranges count. Weights are symmetric and
    per output, as TFLite Micro's FULLY_CONNECTED takes them; hidden outputs start at zero, which is their
    ReLU.
    """
    layers: list[FullyConnected] = []
    current = Tensor(0, embedding.name, (embedding.size,), embedding.scale, embedding.zero_point)
    for index, ((weights, biases), outputs) in enumerate(
        zip(mlp.layers, mlp.activations(embeddings), strict=True)
    ):
        last = index + 1 == len(mlp.layers)
        name = f"dense{index + 1}"
        layers.append(_layer(index, name, current, weights, biases, _range(outputs, rectified=not last)))
        current = layers[-1].output
    return HeadNetwork(tuple(layers), mlp.output)


def _range(outputs: FloatArray, *, rectified: bool) -> tuple[float, int]:
    """Scale and zero point so that int8 covers the outputs, and zero exactly."""
    low = 0.0 if rectified else min(float(outputs.min()), 0.0)
    high = max(float(outputs.max()), low + _LEAST_RANGE, 0.0)
    scale = float(np.float32((high - low) / 255))
    return scale, int(np.clip(round(-128 - low / scale), -128, 127))


def _layer(
    index: int,
    name: str,
    source: Tensor,
    weights: FloatArray,
    biases: FloatArray,
    quantization: tuple[float, int],
) -> FullyConnected:
    target = Tensor(index + 1, name, (len(biases),), *quantization)
    rows = weights.T.astype(np.float64)
    scales = np.maximum(np.abs(rows).max(axis=1) / 127, 1e-9).astype(np.float32).astype(np.float64)
    effective = float(np.float32(source.scale)) * scales
    return FullyConnected(
        index=index,
        name=name,
        source_name=name,
        input=source,
        output=target,
        weights=np.rint(rows / scales[:, np.newaxis]).clip(-127, 127).astype(np.int8),
        bias=np.rint(biases / effective).clip(-_MOST_BIAS, _MOST_BIAS).astype(np.int32),
        requantize=quantize_multipliers(effective / target.scale),
        activation_min=-128,
        activation_max=127,
    )
