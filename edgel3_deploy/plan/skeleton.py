"""A family member as a `Network` of its shape alone, for estimates before any weights are at hand."""

from __future__ import annotations

import numpy as np

from edgel3_deploy.graph.ir import Conv2D, Layer, MaxPool2D, Network, Requantize, Reshape, Tensor
from edgel3_deploy.models.family import Member

BLOCKS = 4


def skeleton(member: Member) -> Network:
    """The layers of `member` with weights of zero that take no memory; its arithmetic means nothing."""
    layers: list[Layer] = []
    shape: tuple[int, ...] = (member.n_mels, member.frames, 1)
    for block, width in enumerate(member.filters):
        for _ in range(2):
            shape = _append_conv(layers, shape, width)
        window = (2, 2) if block < BLOCKS - 1 else (shape[0], shape[1])
        shape = _append_pool(layers, shape, window)
    layers.append(Reshape(*_common(layers, "reshape1", shape, (shape[-1],))))
    return Network(member.name, tuple(layers), 1.0, 0.0, member.front_end)


def _common(
    layers: list[Layer], name: str, before: tuple[int, ...], after: tuple[int, ...]
) -> tuple[int, str, str, Tensor, Tensor]:
    index = len(layers)
    return (
        index,
        name,
        name,
        layers[-1].output if layers else Tensor(0, "input", before, 1.0, 0),
        Tensor(index + 1, name, after, 1.0, 0),
    )


def _append_conv(layers: list[Layer], shape: tuple[int, ...], width: int) -> tuple[int, ...]:
    height, frames, channels = shape
    name = f"conv{sum(isinstance(layer, Conv2D) for layer in layers) + 1}"
    zeros = np.broadcast_to(np.int32(0), (width,))
    layers.append(
        Conv2D(
            *_common(layers, name, shape, (height, frames, width)),
            weights=np.broadcast_to(np.int8(0), (width, 3, 3, channels)),
            bias=zeros,
            requantize=Requantize(zeros, zeros),
            stride=(1, 1),
            padding=(1, 1),
            activation_min=-128,
            activation_max=127,
        )
    )
    return (height, frames, width)


def _append_pool(layers: list[Layer], shape: tuple[int, ...], window: tuple[int, int]) -> tuple[int, ...]:
    after = (shape[0] // window[0], shape[1] // window[1], shape[2])
    name = f"pool{sum(isinstance(layer, MaxPool2D) for layer in layers) + 1}"
    layers.append(MaxPool2D(*_common(layers, name, shape, after), window, window, (0, 0), -128, 127))
    return after
