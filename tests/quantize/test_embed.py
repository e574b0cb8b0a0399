"""int8 embeddings in numpy are those of the interpreter."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.tensors import dequantize, quantize_input
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.quantize import quantize
from edgel3_deploy.quantize.embed import int8_embeddings
from tests.reference import litert


def test_they_equal_the_interpreters(tiny_network: FloatNetwork, recordings: Path) -> None:
    tflite = quantize(tiny_network, calibration=[recordings]).tflite
    network = read_network(tflite)
    sounds = np.random.default_rng(0).uniform(-80, 0, (3, 64, 50)).astype(np.float32)
    expected = dequantize(network.output, litert.run_all(tflite, quantize_input(network, sounds)))
    np.testing.assert_array_equal(int8_embeddings(network, sounds), expected)
