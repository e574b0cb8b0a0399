"""What is measured: published weights where they are at hand, random ones that every machine can make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import front_end, log_mel
from edgel3_deploy.compress.pruning import PLANS
from edgel3_deploy.fileio import write_atomically
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.tensors import quantize_input
from edgel3_deploy.models.family import Member, member
from edgel3_deploy.models.locate import find_weights
from edgel3_deploy.quantize.metadata import add_metadata
from edgel3_deploy.quantize.synthetic import generate
from tests.graph.l3 import generated_spectrogram, sparse_l3
from tests.graph.models import ModelBuilder

RANDOM = "random weights"
PRUNED = "random weights, pruned"
REAL = "published weights"
_WEIGHT_SCALE, _WEIGHT_DEVIATION = 0.004, 73.3
"""Of ModelBuilder's weights: the mean of their scales, the standard deviation of uniform -127..127."""


@dataclass(frozen=True)
class Model:
    """A model to measure: `source` is what a build takes, `weights` REAL, RANDOM or PRUNED."""

    member: str
    weights: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.member}, {self.weights}"


def real_model(name: str) -> Model | None:
    """The family member with its published weights; None if they are not on this machine."""
    return Model(name, REAL, name) if find_weights(member(name)) is not None else None


def random_model(name: str, folder: Path) -> Model:
    """A family member's shape with random int8 weights and rectified layers, written to `folder` as .tflite.

    Made of seeded integers and without a converter, so it is the same on every machine.
    """
    path = folder / f"{name}-random.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, random_tflite(member(name)))
    return Model(name, RANDOM, str(path))


def sparse_model(folder: Path, plan: str = "95.45") -> Model:
    """L3 pruned by a published plan, with random weights, written to `folder` as .tflite."""
    path = folder / f"sparse-{plan}-random.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, sparse_l3_tflite(plan))
    return Model(f"sparse-{plan}", PRUNED, str(path))


def sparse_l3_tflite(plan: str = "95.45", seed: int = 0) -> bytes:
    """The .tflite of `sparse_model`: see tests/graph/l3.py. `plan` is a key of PLANS."""
    return sparse_l3(PLANS[plan], seed)


def random_tflite(known: Member) -> bytes:
    """The .tflite of `random_model`. Output scales keep the activations spread over int8."""
    builder = ModelBuilder((known.n_mels, known.frames, 1), scale=0.02, zero_point=0)
    height, width = known.n_mels, known.frames
    for index, filters in enumerate(known.widths):
        gain = _WEIGHT_SCALE * _WEIGHT_DEVIATION * math.sqrt(9 * builder.shape[2])
        builder.conv2d(filters, activation="RELU", output=(builder.scale * gain, -128))
        if index == len(known.widths) - 1:
            builder.max_pool2d((height, width), stride=(height, width))
        elif index % 2:
            builder.max_pool2d()
            height, width = height // 2, width // 2
    builder.reshape((known.embedding,))
    fields = {"name": f"{known.name}-random", "front_end": known.front_end}
    return add_metadata(builder.build(), {**fields, "input_gain": 1.0, "input_offset": 0.0})


def input_window(model: Model, network: Network) -> NDArray[np.int8]:
    """One input, int8 (mel, frames, 1): a generated sound for published weights, noise for random ones, a
    generated spectrogram for those that are pruned.
    """
    if model.weights == PRUNED:
        height, width, _ = network.input.shape
        return generated_spectrogram((height, width), seed=1)
    if model.weights == RANDOM:
        return np.random.default_rng(1).integers(-128, 128, network.input.shape, dtype=np.int8)
    facts = front_end(network.front_end)
    sound = generate(facts.sample_rate, 2)[1]
    window: NDArray[np.int8] = quantize_input(network, log_mel(sound, facts)[np.newaxis])[0]
    return window
