"""The input that a board's network gets, window by window."""

from __future__ import annotations

import numpy as np

from edgel3_deploy.audio.frontend import SEA, log_mel
from edgel3_deploy.audio.pcm import to_pcm
from edgel3_deploy.embedding.board import board_inputs
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.tensors import quantize_input
from tests.validate.prepared import small_model


def test_it_is_within_a_step_of_the_float_front_end() -> None:
    network = read_network(small_model())
    pcm = to_pcm(np.random.default_rng(0).uniform(-0.5, 0.5, (3, 8_000)).astype(np.float32))
    inputs = board_inputs(network, SEA, pcm)
    samples = pcm.astype(np.float32) / np.float32(32_768)
    expected = quantize_input(network, np.stack([log_mel(window, SEA) for window in samples]))
    assert inputs.dtype == np.int8
    assert inputs.shape == expected.shape == (3, 64, 50, 1)
    steps = np.abs(inputs.astype(int) - expected)
    assert steps.max() <= 1
    assert (steps > 0).mean() < 1e-3
