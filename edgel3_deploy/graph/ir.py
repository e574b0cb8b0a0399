"""The quantized network as typed, frozen values: what every stage behind the flatbuffer reader works on.

Arithmetic follows TFLite Micro's int8 reference kernels: real = scale * (q - zero_point); accumulators are
int32; output = clamp(requantize(acc, multiplier, shift) + zero_point), requantize =
SaturatingRoundingDoublingHighMul, then RoundingDivideByPOT (double rounding). `shift` is TFLite's: positive
shifts left before the multiplication.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tensor:
    """An int8 activation: `shape` without the batch of 1, (height, width, channels) or (features,)."""

    index: int
    name: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    @property
    def size(self) -> int:
        """Bytes, which for int8 is elements."""
        return prod(self.shape)


@dataclass(frozen=True)
class Requantize:
    """Per-channel fixed-point multipliers: int32 arrays of one entry per output channel."""

    multiplier: NDArray[np.int32]
    shift: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Layer:
    """Common to all operators: `index` is the place in the graph, `name` a C identifier such as conv1.

    Layers hold arrays, so they and networks are equal only to themselves, and may be keys of caches.
    """

    index: int
    name: str
    source_name: str
    input: Tensor
    output: Tensor

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return 0

    @property
    def constant_bytes(self) -> int:
        """Bytes of weights, biases and requantization constants."""
        return 0


@dataclass(frozen=True, eq=False)
class Conv2D(Layer):
    """weights int8 (out, kernel_h, kernel_w, in); bias int32 (out,); padding in pixels before (top, left)."""

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    requantize: Requantize
    stride: tuple[int, int]
    padding: tuple[int, int]
    activation_min: int
    activation_max: int

    @property
    def macs(self) -> int:
        height, width, _ = self.output.shape
        return height * width * int(self.weights.size)

    @property
    def constant_bytes(self) -> int:
        return int(self.weights.size) + 12 * int(self.bias.size)


@dataclass(frozen=True, eq=False)
class MaxPool2D(Layer):
    """`window`, `stride` as (height, width); padding before as (top, left), never in the maximum."""

    window: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    activation_min: int
    activation_max: int


@dataclass(frozen=True, eq=False)
class FullyConnected(Layer):
    """weights int8 (out, in); bias int32 (out,); `requantize` per output even for per-tensor weights."""

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    requantize: Requantize
    activation_min: int
    activation_max: int

    @property
    def macs(self) -> int:
        return int(self.weights.size)

    @property
    def constant_bytes(self) -> int:
        return int(self.weights.size) + 12 * int(self.bias.size)


@dataclass(frozen=True, eq=False)
class Reshape(Layer):
    """A view: the same bytes under another shape. It costs nothing and shares its input's memory."""


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in execution order, a chain: each layer's input is the output of the one before it.

    `input_gain` and `input_offset` map the front end's decibels to the network's real input, x = gain * dB +
    offset (the folded input BatchNorm); `front_end` is "sea", "l3" or "" if it is unknown. `warnings` says
    what the user should know of the file that it was read from.
    """

    name: str
    layers: tuple[Layer, ...]
    input_gain: float
    input_offset: float
    front_end: str
    warnings: tuple[str, ...] = ()

    @property
    def input(self) -> Tensor:
        return self.layers[0].input

    @property
    def output(self) -> Tensor:
        return self.layers[-1].output

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)
