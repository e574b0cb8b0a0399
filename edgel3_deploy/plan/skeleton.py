"""A float network as a `Network` of its shape alone, for estimates before weights are there or quantized."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgel3_deploy.graph.ir import Conv2D, Layer, MaxPool2D, Network, Requantize, Reshape, Tensor
from edgel3_deploy.models.family import Member
from edgel3_deploy.models.network import FloatNetwork


def skeleton(member: Member) -> Network:
    """The layers of `member` with weights of zero that take no memory; its arithmetic means nothing."""
    return _skeleton(member.name, member.front_end, (member.n_mels, member.frames), member.widths)


def float_skeleton(network: FloatNetwork) -> Network:
    """The same of a float network, of whatever widths and depth."""
    widths = [conv.bias.size for conv in network.convs]
    return _skeleton(network.name, network.front_end, (network.n_mels, network.frames), widths)


def _skeleton(name: str, front_end: str, size: tuple[int, int], widths: Sequence[int]) -> Network:
    layers: list[Layer] = []
    shape: tuple[int, ...] = (*size, 1)
    last = len(widths) - 1
    for index, width in enumerate(widths):
        shape = _append_conv(layers, shape, width)
        if index == last:
            shape = _append_pool(layers, shape, (shape[0], shape[1]))
        elif index % 2 == 1:
            shape = _append_pool(layers, shape, (2, 2))
    layers.append(Reshape(*_common(layers, "reshape1", shape, (shape[-1],))))
    return Network(name, tuple(layers), 1.0, 0.0, front_end)


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
