"""How much the embedding feels a change of a layer's weights: what rounding them is judged by.

The covariance of a layer's inputs takes all outputs for alike. The embedding does not: most positions lose
in a max pool, some channels hardly matter, and errors that are alike over a window add up. To first order a
change of weights moves the embedding by its Jacobian times the change, and the squared error is a quadratic
form, the Gauss-Newton matrix. Gradients of random projections of the embedding sample it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.models.network import FloatConv, FloatNetwork
from edgel3_deploy.quantize.patches import convolve, halve, patches

FloatArray = NDArray[np.float32]
Matrix = NDArray[np.float64]

_SEED = 20190311
_LEAST_LENGTH, _LEAST = 1e-3, 1e-30


def curvatures(
    network: FloatNetwork, inputs: Sequence[FloatArray], pool: ThreadPoolExecutor
) -> tuple[Matrix, ...]:
    """Of each convolution, (9 * in, 9 * in): mean over its output channels of the squared change of the
    embedding, relative to its length, when their weights change and their biases make up for it.

    `inputs` are real ones, (n_mels, frames, 1) each.
    """
    sums = [np.zeros((conv.weights[..., 0].size + 1,) * 2) for conv in network.convs]
    seeds = np.random.SeedSequence(_SEED).spawn(len(inputs))
    for gradients in pool.map(lambda item: _gradients(network.convs, *item), zip(inputs, seeds, strict=True)):
        for index, gradient in enumerate(gradients):
            sums[index] += gradient @ gradient.T
    return tuple(_without_bias(matrix) for matrix in sums)


def _without_bias(matrix: Matrix) -> Matrix:
    """`matrix` of weights and, last, of the bias, when the bias always makes up for the weights."""
    shared = matrix[:-1, -1]
    remaining: Matrix = matrix[:-1, :-1] - np.outer(shared, shared) / max(float(matrix[-1, -1]), _LEAST)
    return remaining


def _gradients(
    convs: Sequence[FloatConv], values: FloatArray, seed: np.random.SeedSequence
) -> list[FloatArray]:
    """Of a random projection of one window's embedding, by the weights of each convolution and, in the last
    row, by its biases: (9 * in + 1, out).
    """
    entering, outputs = [], []
    for index, conv in enumerate(convs):
        entering.append(values)
        linear = convolve(values, conv.weights, conv.bias)
        outputs.append(np.maximum(linear, 0) if conv.relu else linear)
        values = halve(outputs[-1]) if index % 2 else outputs[-1]
    last = outputs[-1].reshape(-1, outputs[-1].shape[-1])
    embedding = last.max(axis=0)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], len(embedding))
    at_maxima = np.zeros_like(last)
    length = max(float(np.linalg.norm(embedding)), _LEAST_LENGTH)
    at_maxima[last.argmax(axis=0), np.arange(len(embedding))] = signs / length
    slope: FloatArray = at_maxima.reshape(outputs[-1].shape)
    gradients = []
    for index in range(len(convs) - 1, -1, -1):
        if convs[index].relu:
            slope = slope * (outputs[index] > 0)
        flat = slope.reshape(-1, slope.shape[-1])
        gradients.append(np.concatenate([patches(entering[index]).T @ flat, flat.sum(axis=0)[np.newaxis]]))
        if index:
            turned = convs[index].weights[::-1, ::-1].transpose(0, 1, 3, 2)
            slope = convolve(slope, np.ascontiguousarray(turned), np.zeros(turned.shape[-1], np.float32))
            slope = slope if index % 2 else _before_halving(slope, outputs[index - 1])
    return gradients[::-1]


def _before_halving(slope: FloatArray, features: FloatArray) -> FloatArray:
    """The slope by `features`, of which `halve` took maxima, from that by the maxima."""
    height, width, channels = slope.shape
    whole = np.zeros_like(features)
    even = features[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels)
    largest = even == even.max(axis=(1, 3), keepdims=True)
    whole[: 2 * height, : 2 * width] = (largest * slope[:, np.newaxis, :, np.newaxis]).reshape(
        2 * height, 2 * width, channels
    )
    return whole
