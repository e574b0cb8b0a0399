"""A pruned network converted by TensorFlow with sparse tensors: python make_densify.py densify.tflite"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

RANDOM = np.random.default_rng(0)
SHAPE = (1, 21, 17, 1)


def kernel(inputs: int, outputs: int, kept: float) -> NDArray[np.float32]:
    values = RANDOM.normal(0, np.sqrt(2 / (9 * inputs * kept)), (3, 3, inputs, outputs)).astype(np.float32)
    values[RANDOM.random(values.shape) > kept] = 0
    return values


KERNELS = (kernel(1, 16, 1.0), kernel(16, 32, 0.1), kernel(32, 32, 0.08))
DENSE = np.where(RANDOM.random((32, 16)) > 0.1, 0, RANDOM.normal(0, 0.2, (32, 16))).astype(np.float32)


def network(x: tf.Tensor) -> tf.Tensor:
    for weights in KERNELS:
        biased = tf.nn.bias_add(
            tf.nn.conv2d(x, weights, 1, "SAME"), np.full(weights.shape[-1], 0.1, np.float32)
        )
        x = tf.nn.relu(biased)
        if weights is not KERNELS[-1]:
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    x = tf.nn.max_pool2d(x, x.shape[1:3], x.shape[1:3], "VALID")
    return tf.matmul(tf.reshape(x, (1, 32)), DENSE)


def samples() -> Iterator[list[NDArray[np.float32]]]:
    for _ in range(20):
        yield [RANDOM.normal(size=SHAPE).astype(np.float32)]


def main(path: Path) -> None:
    signature = tf.TensorSpec(SHAPE, tf.float32)
    concrete = tf.function(network).get_concrete_function(signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], tf.Module())
    converter.optimizations = [tf.lite.Optimize.DEFAULT, tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    path.write_bytes(converter.convert())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
