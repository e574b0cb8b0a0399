"""Quantization-aware fine-tuning: an int8 network learns its float original's embedding with its rounding in
place.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"
(CVPR 2018), by self-distillation: scales stay as post-training quantization chose them, weights and biases
move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import front_end
from edgel3_deploy.models.network import FloatConv, FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize.gptq import WEIGHT_MAX
from edgel3_deploy.quantize.post_training import Int8Network, Scale
from edgel3_deploy.train.backend import load_tensorflow
from edgel3_deploy.train.objective import Objective
from edgel3_deploy.train.recordings import scan
from edgel3_deploy.train.source import Source, measure_teacher
from edgel3_deploy.train.trainable import Trainable, frozen_forward, pool
from edgel3_deploy.train.trainer import Recipe, Trainer

if TYPE_CHECKING:
    import tensorflow as tf

FloatArray = NDArray[np.float32]

_MEASURED_WINDOWS = 256


def fine_tune(
    network: FloatNetwork,
    quantized: Int8Network,
    recordings: Sequence[Path],
    windows: int,
    progress: Progress = silent,
) -> Int8Network:
    """`quantized` after training on `windows` windows of the recordings and of generated sounds.

    Repeatable on a given machine. Raises BadInputError for recordings that cannot be read,
    MissingDependencyError without TensorFlow.
    """
    load_tensorflow()
    usable, _ = scan(recordings)
    hears = front_end(network.front_end)
    recipe = Recipe(windows=windows, learning_rate=1e-4, warmup=0.05, average=0.99, measure_every=1.0)
    source = Source(hears, hears, usable, recipe.batch_size, seed=0)

    def teacher(spectrogram: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        return frozen_forward(network, spectrogram)

    measured = measure_teacher(teacher, source, (), min(_MEASURED_WINDOWS, windows), progress)
    objective = Objective.measured(measured.targets, {}, map_weight=0.0, cosine_weight=1.0)
    masks = {
        f"{index}/kernel": (conv.weights != 0).astype(np.float32) for index, conv in enumerate(network.convs)
    }
    trainer = Trainer(_Rounded(network, quantized), teacher, objective, recipe, masks=masks)
    trained = trainer.run(source.batch, lambda _: {}, {}, progress=progress)
    return _round(trained.network, quantized)


class _Rounded(Trainable):
    """The int8 network in floating point: every tensor is rounded to its scale, gradients pass straight
    through.
    """

    def __init__(self, network: FloatNetwork, quantized: Int8Network) -> None:
        start = Trainable.from_network(dequantized(network, quantized))
        super().__init__(
            start.shape, start.input_gain, start.input_offset, start.relus, normalized=start.normalized
        )
        self.variables = start.variables
        self._quantized = quantized

    def forward(self, spectrogram_db: tf.Tensor, training: bool) -> tuple[list[tf.Tensor], tf.Tensor]:
        import tensorflow as tf

        x = _through(self.input_gain * spectrogram_db + self.input_offset, self._quantized.input)
        maps = []
        for index, conv in enumerate(self._quantized.convs):
            kernel = _through_symmetric(self.variables[f"{index}/kernel"], conv.weight_scales)
            x = tf.nn.conv2d(x, kernel, 1, "SAME") + self.variables[f"{index}/bias"]
            x = _through(tf.nn.relu(x) if conv.relu else x, conv.output)
            maps.append(x)
            x = pool(x, index, len(self._quantized.convs))
        return maps, x


def _through(x: tf.Tensor, scale: Scale) -> tf.Tensor:
    """`x` after a round trip through int8; values beyond the range get no gradient."""
    import tensorflow as tf

    low, high = scale.scale * (-128 - scale.zero_point), scale.scale * (127 - scale.zero_point)
    clipped = tf.clip_by_value(x, low, high)
    return clipped + tf.stop_gradient(tf.round(clipped / scale.scale) * scale.scale - clipped)


def _through_symmetric(kernel: tf.Tensor, scales: FloatArray) -> tf.Tensor:
    import tensorflow as tf

    clipped = tf.clip_by_value(kernel, -WEIGHT_MAX * scales, WEIGHT_MAX * scales)
    return clipped + tf.stop_gradient(tf.round(clipped / scales) * scales - clipped)


def dequantized(network: FloatNetwork, quantized: Int8Network) -> FloatNetwork:
    """The real weights and biases that `quantized`, made from `network`, stands for."""
    convs, entering = [], quantized.input
    for conv in quantized.convs:
        unit = np.float32(entering.scale) * conv.weight_scales
        kernel = conv.weights.astype(np.float32) * conv.weight_scales
        convs.append(FloatConv(conv.name, kernel, conv.bias.astype(np.float32) * unit, conv.relu))
        entering = conv.output
    return replace(network, convs=tuple(convs))


def _round(network: FloatNetwork, quantized: Int8Network) -> Int8Network:
    """The weights and biases of `network` as integers, on the scales of `quantized`."""
    convs, entering = [], quantized.input
    for conv, trained in zip(quantized.convs, network.convs, strict=True):
        unit = entering.scale * conv.weight_scales.astype(np.float64)
        weights = np.clip(np.rint(trained.weights / conv.weight_scales), -WEIGHT_MAX, WEIGHT_MAX)
        bias = np.clip(np.rint(trained.bias / unit), -(2**31) + 1, 2**31 - 1)
        convs.append(replace(conv, weights=weights.astype(np.int8), bias=bias.astype(np.int32)))
        entering = conv.output
    return replace(quantized, convs=tuple(convs))
