"""The float network: convolutions with every BatchNorm folded into weights and biases."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class FloatConv:
    """A 3x3 'same' convolution, BatchNorm folded: weights (3, 3, in, out), bias (out,)."""

    name: str
    weights: FloatArray
    bias: FloatArray
    relu: bool


@dataclass(frozen=True)
class FloatNetwork:
    """Eight convolutions in four blocks, 2x2 max pool after blocks 1 to 3, global max pool at the end.

    The input of `forward` is the front end's decibel spectrogram (mel, frames); `input_gain` and
    `input_offset` are the folded input BatchNorm: x = input_gain * dB + input_offset. `warnings` says what
    the user should know of the file that it was read from.
    """

    name: str
    front_end: str
    n_mels: int
    frames: int
    input_gain: float
    input_offset: float
    convs: tuple[FloatConv, ...]
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def embedding(self) -> int:
        """Size of the embedding vector."""
        return int(self.convs[-1].bias.size)
