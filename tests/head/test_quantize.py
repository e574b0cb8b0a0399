"""An int8 head says what the float head says, and its ranges cover what training showed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Tensor
from edgel3_deploy.head.arithmetic import probabilities
from edgel3_deploy.head.mlp import Mlp
from edgel3_deploy.head.network import Output, run_head
from edgel3_deploy.head.quantize import quantize_head

EMBEDDING = Tensor(3, "embedding", (12,), 0.05, -128)
STEPS = np.random.default_rng(1).integers(-128, 128, (200, 12)).astype(np.int8)
REAL: NDArray[np.float32] = ((STEPS.astype(np.float32) + 128) * np.float32(0.05)).astype(np.float32)


def perceptron(sizes: tuple[int, ...], output: Output) -> Mlp:
    """Random weights, so small that no score saturates."""
    random = np.random.default_rng(2)
    layers = tuple(
        (
            random.normal(0, 0.5 / np.sqrt(inputs), (inputs, outputs)).astype(np.float32),
            random.normal(0, 0.1, outputs).astype(np.float32),
        )
        for inputs, outputs in pairwise(sizes)
    )
    return Mlp(layers, output)


@pytest.mark.parametrize("output", ["softmax", "logistic"])
@pytest.mark.parametrize("sizes", [(12, 3), (12, 9, 3)], ids=["linear", "hidden"])
def test_scores_are_the_float_heads_within_a_logit_step(sizes: tuple[int, ...], output: Output) -> None:
    mlp = perceptron(sizes, output)
    network = quantize_head(mlp, EMBEDDING, REAL)
    difference = probabilities(run_head(network, STEPS)) - mlp.probabilities(REAL)
    assert np.abs(difference).max() < network.logits.scale / 2 + 1 / 256


def test_a_hidden_layer_starts_at_zero_and_the_logits_cover_their_range() -> None:
    mlp = perceptron((12, 9, 3), "logistic")
    hidden, logits = quantize_head(mlp, EMBEDDING, REAL).layers
    assert hidden.output.zero_point == -128
    low, high = (bound * logits.output.scale for bound in (-128, 127))
    shown = mlp.activations(REAL)[-1]
    zero = logits.output.zero_point * logits.output.scale
    assert low - zero <= shown.min() + logits.output.scale
    assert high - zero >= shown.max() - logits.output.scale


def test_logits_that_are_all_above_zero_still_have_zero_among_them() -> None:
    weights, biases = np.full((12, 2), 0.01, np.float32), np.array([5.0, 6.0], np.float32)
    (logits,) = quantize_head(Mlp(((weights, biases),), "softmax"), EMBEDDING, REAL).layers
    assert logits.output.zero_point == -128
    assert 127 * logits.output.scale + 128 * logits.output.scale >= 6


def test_a_label_without_weights_and_outputs_that_never_vary_are_no_trouble() -> None:
    mlp = Mlp(((np.zeros((12, 2), np.float32), np.zeros(2, np.float32)),), "softmax")
    with np.errstate(all="raise"):
        scores = run_head(quantize_head(mlp, EMBEDDING, REAL), STEPS)
    assert np.unique(scores).tolist() == [0]
