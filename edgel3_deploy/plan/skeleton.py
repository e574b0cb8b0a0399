"""A float network as a `Network` of its shape alone, for estimates before weights are there or quantized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D, Layer, MaxPool2D, Network, Requantize, Reshape, Tensor
from edgel3_deploy.models.family import Member
from edgel3_deploy.models.network import FloatNetwork


def skeleton(member: Member) -> Network:
    """The layers of `member` with as many weights as published, all one; its arithmetic means nothing."""
    size = (member.n_mels, member.frames)
    return _skeleton(member.name, member.front_end, size, _convolutions(member.widths, member.sparsity))


def shaped(name: str, size: tuple[int, int], widths: Sequence[int], sparsity: Sequence[float]) -> Network:
    """The same for an input (mel bands, frames) and convolutions of these widths and percentages of zeros."""
    return _skeleton(name, "", size, _convolutions(widths, sparsity))


def float_skeleton(network: FloatNetwork) -> Network:
    """The same of a float network, of whatever widths and depth: its weights that are not zero are one."""
    weights = [np.not_equal(conv.weights, 0).transpose(3, 0, 1, 2).view(np.int8) for conv in network.convs]
    shape = _skeleton(network.name, network.front_end, (network.n_mels, network.frames), weights)
    return replace(shape, warnings=network.warnings)


def sparser(network: Network, percent: float) -> Network:
    """The shape of `network` with `percent` zeros in each 3x3 convolution of more than one channel."""
    random = np.random.default_rng(0)
    layers = (
        replace(layer, weights=_masked(random, layer.weights.shape, percent))
        if isinstance(layer, Conv2D) and layer.weights.shape[1:3] == (3, 3) and layer.weights.shape[3] > 1
        else layer
        for layer in network.layers
    )
    return replace(network, layers=tuple(layers))


def _convolutions(widths: Sequence[int], sparsity: Sequence[float]) -> list[NDArray[np.int8]]:
    """Weights (out, 3, 3, in) of each convolution, of which so many percent are zeros."""
    random = np.random.default_rng(0)
    return [
        _masked(random, (outputs, 3, 3, inputs), percent)
        for inputs, outputs, percent in zip((1, *widths), widths, sparsity, strict=False)
    ]


def _masked(random: np.random.Generator, shape: tuple[int, ...], percent: float) -> NDArray[np.int8]:
    """Ones, of which `percent` in places drawn at random are zeros."""
    size = int(np.prod(shape))
    zeros = round(size * percent / 100)
    if zeros == 0:
        return np.broadcast_to(np.int8(1), shape)
    drawn = random.random(size, np.float32)
    kept = drawn > np.partition(drawn, zeros - 1)[zeros - 1]
    masked: NDArray[np.int8] = kept.view(np.int8).reshape(shape)
    return masked


def _skeleton(
    name: str, front_end: str, size: tuple[int, int], weights: Sequence[NDArray[np.int8]]
) -> Network:
    layers: list[Layer] = []
    shape: tuple[int, ...] = (*size, 1)
    last = len(weights) - 1
    for index, kernel in enumerate(weights):
        shape = _append_conv(layers, shape, kernel)
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


def _append_conv(layers: list[Layer], shape: tuple[int, ...], weights: NDArray[np.int8]) -> tuple[int, ...]:
    height, frames, _ = shape
    width = len(weights)
    name = f"conv{sum(isinstance(layer, Conv2D) for layer in layers) + 1}"
    zeros = np.broadcast_to(np.int32(0), (width,))
    layers.append(
        Conv2D(
            *_common(layers, name, shape, (height, frames, width)),
            weights=weights,
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
