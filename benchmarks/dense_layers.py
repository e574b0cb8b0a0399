"""The dense count of a shape that no image can hold: CMSIS-NN on one layer at a time, on a few of its rows.

A layer is built and run twice, at `_FEW` and at twice as many rows, at its full width, with all its channels.
The difference of the two counts is what further rows inside the map cost; both counts have the map's edges.
The same is done over output channels where the weights of all would not fit an image. A convolution and the
pooling behind it are one layer here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.measure import BOARD, Measurement, measure
from benchmarks.models import RANDOM, Model
from benchmarks.variants import BASELINES
from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import Board
from edgel3_deploy.fileio import write_atomically
from edgel3_deploy.models.family import Member
from tests.graph.models import ModelBuilder

_FEW = 4
"""A multiple of 2, so that pooled rows are whole."""
_MEMORY = 4 << 20
"""Bytes of flash and of RAM that the emulated machine has."""
_MOST_WEIGHTS = 3 << 19
"""Bytes of int8 weights in one image: with code below the 2 MB that the largest parts have."""


@dataclass(frozen=True)
class DenseLayer:
    """A 3x3 convolution of a (height, width, inputs) map and the pooling behind it."""

    name: str
    height: int
    width: int
    inputs: int
    outputs: int
    pooling: Literal["none", "2x2", "global"]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the convolution."""
        return self.height * self.width * 9 * self.inputs * self.outputs

    @property
    def outputs_counted(self) -> int:
        """Output channels of the largest image: all, or as large a power of two less as fits."""
        count = self.outputs
        while 9 * self.inputs * count > _MOST_WEIGHTS:
            count //= 2
        return count


@dataclass(frozen=True)
class DenseCount:
    """Instructions of a whole layer, continued from `rows` of its rows and `outputs` of its channels.

    `exact`: every output that was counted equals the reference's. `elf` is the image with the most of it.
    """

    layer: DenseLayer
    rows: int
    outputs: int
    instructions: int
    exact: bool
    elf: Path


def dense_layers(member: Member) -> tuple[DenseLayer, ...]:
    """The eight convolutions of a family member with their poolings."""
    height, width = member.n_mels, member.frames
    layers: list[DenseLayer] = []
    for index, (inputs, outputs) in enumerate(zip((1, *member.widths), member.widths, strict=False)):
        last = index == len(member.widths) - 1
        pooling: Literal["none", "2x2", "global"] = "global" if last else "2x2" if index % 2 else "none"
        layers.append(DenseLayer(f"conv{index + 1}", height, width, inputs, outputs, pooling))
        if index % 2:
            height, width = height // 2, width // 2
    return tuple(layers)


def count_layer(layer: DenseLayer, folder: Path) -> DenseCount:
    """Build, run and count parts of the layer with CMSIS-NN. Raises what `measure` raises."""
    results: list[Measurement] = []

    def count(rows: int, outputs: int) -> int:
        results.append(_measured(layer, rows, outputs, folder))
        return sum(step.instructions for step in results[-1].steps)

    rows, outputs = 2 * _FEW, layer.outputs_counted

    def of_all_outputs(rows: int) -> float:
        if outputs == layer.outputs:
            return count(rows, outputs)
        return continued(lambda some: count(rows, some), outputs // 2, outputs, layer.outputs)

    instructions = continued(of_all_outputs, rows // 2, rows, layer.height)
    exact = all(result.exact for result in results)
    return DenseCount(layer, rows, outputs, round(instructions), exact, results[-1].build.elf)


def continued(cost: Callable[[int], float], fewer: int, more: int, whole: int) -> float:
    """The cost of `whole` by the straight line through those of `fewer` and `more`."""
    few, many = cost(fewer), cost(more)
    return many + (whole - more) * (many - few) / (more - fewer)


def layer_tflite(layer: DenseLayer, rows: int, outputs: int) -> bytes:
    """Part of the layer as a network of its own: random weights."""
    builder = ModelBuilder((rows, layer.width, layer.inputs), scale=0.02, zero_point=0)
    builder.conv2d(outputs, activation="RELU", output=(0.1, -128))
    if layer.pooling == "2x2":
        builder.max_pool2d()
    elif layer.pooling == "global":
        builder.max_pool2d((rows, layer.width), stride=(rows, layer.width))
    return builder.build()


def _measured(layer: DenseLayer, rows: int, outputs: int, folder: Path) -> Measurement:
    path = folder / f"{layer.name}-{rows}-rows-{outputs}-outputs.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, layer_tflite(layer, rows, outputs))
    _, cmsis_nn = BASELINES
    return measure(Model(path.stem, RANDOM, str(path)), cmsis_nn, folder, board=_board())


def _board() -> Board:
    """The machine without the limits of the part that it stands for."""
    board = load_board(BOARD)
    flash = dataclasses.replace(board.flash, size=_MEMORY)
    ram = dataclasses.replace(board.region(board.main_ram), size=_MEMORY)
    return dataclasses.replace(board, regions=(flash, ram))
