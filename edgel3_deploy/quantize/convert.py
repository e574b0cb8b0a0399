"""Post-training int8 quantization by TensorFlow's converter; run as a process of its own by `isolate`.

Usage: python -m edgel3_deploy.quantize.convert NETWORK.npz INPUTS.npy OUTPUT.tflite
Progress goes to stdout as lines "progress DONE TOTAL".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.models.archive import load_network
from edgel3_deploy.models.network import FloatNetwork

NO_TENSORFLOW = 3


def convert(network: FloatNetwork, inputs: NDArray[np.float32]) -> bytes:
    """A full-int8 .tflite with batch 1 and per-channel weights, calibrated on `inputs`.

    `inputs` are the network's real input, the normalised x = input_gain * dB + input_offset: float32 (n,
    n_mels, frames). The folded BatchNorm stays out of the graph: it becomes part of the input's quantization.
    """
    import tensorflow as tf

    def samples() -> Iterator[list[NDArray[np.float32]]]:
        for index, window in enumerate(inputs):
            print("progress", index, len(inputs), flush=True)
            yield [window[np.newaxis, ..., np.newaxis]]

    def run(x: tf.Tensor) -> tf.Tensor:
        last = len(network.convs) - 1
        for index, conv in enumerate(network.convs):
            x = tf.nn.conv2d(x, conv.weights, strides=1, padding="SAME", name=conv.name)
            x = tf.nn.bias_add(x, conv.bias)
            if conv.relu:
                x = tf.nn.relu(x)
            if index == last:
                x = tf.nn.max_pool2d(x, x.shape[1:3], strides=x.shape[1:3], padding="VALID", name="pool4")
            elif index % 2 == 1:
                x = tf.nn.max_pool2d(x, 2, strides=2, padding="VALID", name=f"pool{index // 2 + 1}")
        return tf.reshape(x, (1, network.embedding), name="embedding")

    signature = tf.TensorSpec((1, network.n_mels, network.frames, 1), tf.float32, name="spectrogram")
    module = tf.Module()
    concrete = tf.function(run).get_concrete_function(signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def main(arguments: list[str]) -> int:
    """Convert from and to the files named in `arguments`; returns the process's exit code."""
    network_path, inputs_path, output_path = map(Path, arguments)
    try:
        import tensorflow  # noqa: F401
    except ImportError as error:
        print(error, file=sys.stderr)
        return NO_TENSORFLOW
    model = convert(load_network(network_path), np.load(inputs_path, allow_pickle=False))
    output_path.write_bytes(model)
    return 0
