"""Networks in TensorFlow: a frozen one to learn from, and one that learns, with BatchNorm or masks.

TensorFlow is imported inside the functions that need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import L3
from edgel3_deploy.models.network import FloatConv, FloatNetwork

if TYPE_CHECKING:
    import tensorflow as tf

FloatArray = NDArray[np.float32]

POOLED_AFTER = (1, 3, 5)
"""Indices of the convolutions that a 2x2 max pool follows, if another convolution does."""
BLOCK_ENDS = (1, 3, 5, 7)
BATCH_NORM_EPSILON = 1e-3
BATCH_NORM_MOMENTUM = 0.98


@dataclass(frozen=True)
class StudentShape:
    """What a student looks like before it has weights: filters of each convolution, and the front end it
    listens to.
    """

    front_end: str
    n_mels: int
    frames: int
    widths: tuple[int, ...]

    @property
    def embedding(self) -> int:
        """Size of the embedding vector."""
        return self.widths[-1]


def frozen_forward(network: FloatNetwork, spectrogram_db: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
    """The float network in TensorFlow: (n, mel, frames, 1) dB -> outputs of every convolution (NHWC),
    embedding.
    """
    import tensorflow as tf

    x = network.input_gain * spectrogram_db + network.input_offset
    maps = []
    for index, conv in enumerate(network.convs):
        x = tf.nn.conv2d(x, tf.constant(conv.weights), 1, "SAME") + tf.constant(conv.bias)
        x = tf.nn.relu(x) if conv.relu else x
        maps.append(x)
        x = pool(x, index, len(network.convs))
    return maps, x


def pool(x: tf.Tensor, index: int, count: int) -> tf.Tensor:
    """What follows convolution `index` of `count`: nothing, a 2x2 max pool, or at the end the global
    maximum.
    """
    import tensorflow as tf

    if index == count - 1:
        return tf.reduce_max(x, (1, 2))
    return tf.nn.max_pool2d(x, 2, 2, "VALID") if index in POOLED_AFTER else x


class Trainable:
    """A network whose kernels and either BatchNorm parameters or biases are TensorFlow variables.

    `variables` are trained; `statistics` are BatchNorm's moving mean and variance, updated by the training
    step.
    """

    def __init__(
        self,
        shape: StudentShape,
        input_gain: float,
        input_offset: float,
        relus: Sequence[bool],
        normalized: bool,
    ) -> None:
        self.shape = shape
        self.input_gain = input_gain
        self.input_offset = input_offset
        self.relus = tuple(relus)
        self.normalized = normalized
        self.variables: dict[str, tf.Variable] = {}
        self.statistics: dict[str, tf.Variable] = {}

    @classmethod
    def random(cls, shape: StudentShape, input_gain: float, input_offset: float, seed: int) -> Trainable:
        """He initialisation, BatchNorm and ReLU behind every convolution; but no ReLU behind L3's last."""
        import tensorflow as tf

        relus = [True] * (len(shape.widths) - 1) + [shape.front_end != L3.name]
        student = cls(shape, input_gain, input_offset, relus, normalized=True)
        rng = np.random.default_rng(seed)
        channels = 1
        for index, width in enumerate(shape.widths):
            kernel = rng.normal(0, np.sqrt(2 / (9 * channels)), (3, 3, channels, width))
            student.variables[f"{index}/kernel"] = tf.Variable(kernel.astype(np.float32))
            student.variables[f"{index}/gamma"] = tf.Variable(tf.ones(width))
            student.variables[f"{index}/beta"] = tf.Variable(tf.zeros(width))
            student.statistics[f"{index}/mean"] = tf.Variable(tf.zeros(width), trainable=False)
            student.statistics[f"{index}/variance"] = tf.Variable(tf.ones(width), trainable=False)
            channels = width
        return student

    @classmethod
    def from_network(cls, network: FloatNetwork) -> Trainable:
        """The folded network as it is: kernels and biases are trained, there is no BatchNorm."""
        import tensorflow as tf

        widths = tuple(conv.weights.shape[-1] for conv in network.convs)
        shape = StudentShape(network.front_end, network.n_mels, network.frames, widths)
        relus = [conv.relu for conv in network.convs]
        trainable = cls(shape, network.input_gain, network.input_offset, relus, normalized=False)
        for index, conv in enumerate(network.convs):
            trainable.variables[f"{index}/kernel"] = tf.Variable(conv.weights)
            trainable.variables[f"{index}/bias"] = tf.Variable(conv.bias)
        return trainable

    def forward(self, spectrogram_db: tf.Tensor, training: bool) -> tuple[list[tf.Tensor], tf.Tensor]:
        """(n, mel, frames, 1) dB -> outputs of every convolution (NHWC), embedding (n, width).

        In training, batch statistics are used and the moving ones are updated.
        """
        import tensorflow as tf

        x = self.input_gain * spectrogram_db + self.input_offset
        maps = []
        for index, relu in enumerate(self.relus):
            x = tf.nn.conv2d(x, self.variables[f"{index}/kernel"], 1, "SAME")
            x = (
                self._normalize(x, index, training)
                if self.normalized
                else x + self.variables[f"{index}/bias"]
            )
            x = tf.nn.relu(x) if relu else x
            maps.append(x)
            x = pool(x, index, len(self.relus))
        return maps, x

    def _normalize(self, x: tf.Tensor, index: int, training: bool) -> tf.Tensor:
        import tensorflow as tf

        gamma, beta = self.variables[f"{index}/gamma"], self.variables[f"{index}/beta"]
        mean, variance = self.statistics[f"{index}/mean"], self.statistics[f"{index}/variance"]
        if not training:
            return tf.nn.batch_normalization(x, mean, variance, beta, gamma, BATCH_NORM_EPSILON)
        y, batch_mean, batch_variance = tf.compat.v1.nn.fused_batch_norm(
            x, gamma, beta, epsilon=BATCH_NORM_EPSILON, is_training=True
        )
        mean.assign(BATCH_NORM_MOMENTUM * mean + (1 - BATCH_NORM_MOMENTUM) * batch_mean)
        variance.assign(BATCH_NORM_MOMENTUM * variance + (1 - BATCH_NORM_MOMENTUM) * batch_variance)
        return y

    def fold(self, values: dict[str, FloatArray], name: str) -> FloatNetwork:
        """The network that `values` (of variables and statistics, by name) make, BatchNorm folded."""
        convs = []
        for index, relu in enumerate(self.relus):
            kernel = values[f"{index}/kernel"].astype(np.float64)
            if self.normalized:
                gain = values[f"{index}/gamma"] / np.sqrt(
                    values[f"{index}/variance"].astype(np.float64) + BATCH_NORM_EPSILON
                )
                kernel, bias = kernel * gain, values[f"{index}/beta"] - gain * values[f"{index}/mean"]
            else:
                bias = values[f"{index}/bias"].astype(np.float64)
            convs.append(
                FloatConv(f"conv{index + 1}", kernel.astype(np.float32), bias.astype(np.float32), relu)
            )
        shape = self.shape
        return FloatNetwork(
            name,
            shape.front_end,
            shape.n_mels,
            shape.frames,
            self.input_gain,
            self.input_offset,
            tuple(convs),
        )
