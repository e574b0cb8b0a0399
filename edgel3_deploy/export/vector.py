"""One window of made-up sound and what a library must make of it: the examples check themselves by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.codegen.head import CompiledHead
from edgel3_deploy.embedding.board import board_inputs
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.head.network import run_head
from edgel3_deploy.plan.front_end import image_front_end
from edgel3_deploy.reference import truth

SEED = 2019
MULTIPLIER, INCREMENT = 1_664_525, 1_013_904_223
STEPS = 8
"""Steps of a window, each half as loud as the one before."""


@dataclass(frozen=True)
class Vector:
    """What must come out of the window that templates/export/check.c.j2 makes.

    `input_sum` is the FNV-1a hash of the int8 input, `output` int8 (embedding,), `scores` int8 (labels,):
    empty without a head. `engine` computed the output.
    """

    input_sum: int
    output: NDArray[np.int8]
    scores: NDArray[np.int8]
    engine: str


def make_vector(network: Network, model: bytes, head: CompiledHead | None) -> Vector:
    """The vector of `network`, whose .tflite file is `model`, by the numpy twins and the reference engine."""
    front_end = image_front_end(network)
    if front_end is None:
        window = noise(network.input.size).reshape(1, *network.input.shape)
    else:
        window = board_inputs(network, front_end, falling_noise(front_end.sample_rate)[np.newaxis])
    outputs, engine = truth(model, window)
    scores = np.empty(0, np.int8) if head is None else run_head(head.network, outputs)[0]
    return Vector(fnv1a(window.tobytes()), outputs[0], scores, engine)


def falling_noise(count: int) -> NDArray[np.int16]:
    """`count` samples of noise that loses half of its amplitude with each step: int16 (count,)."""
    steps = np.arange(count) * STEPS // count
    words = _words(count) >> 16 >> steps
    return (words.astype(np.int32) - (32_768 >> steps)).astype(np.int16)


def noise(count: int) -> NDArray[np.int8]:
    """`count` numbers, all of them as likely: int8 (count,)."""
    return ((_words(count) >> 24).astype(np.int32) - 128).astype(np.int8)


def fnv1a(content: bytes) -> int:
    """The 32-bit FNV-1a hash."""
    found = 0x811C9DC5
    for byte in content:
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found


def _words(count: int) -> NDArray[np.uint32]:
    words = np.empty(count, np.uint32)
    state = SEED
    for index in range(count):
        state = (state * MULTIPLIER + INCREMENT) & 0xFFFFFFFF
        words[index] = state
    return words
