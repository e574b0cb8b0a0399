"""Which steps a network can be cut into, and which kernels are exact for each."""

from __future__ import annotations

from collections.abc import Iterable

from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, MaxPool2D, Network, Reshape
from edgel3_deploy.plan.bounds import exact, poolable
from edgel3_deploy.plan.kernel import Kernel, KernelName, Step

Parts = tuple[tuple[Layer, ...], ...]
"""Operations in order, each with the reshapes behind it."""

BLOCKS = (1, 2, 3, 4)
"""Tiles in flight, in fours, that are tried for the Winograd kernels."""

APART_BLOCKS = (3, 4)
"""Of these, the ones that are also tried with weights in flight apart from the tiles."""

STORED_PARTS = 2
"""Output channels are stored transformed in halves of a layer."""


def operations(network: Network) -> Parts:
    """The layers in order, each with the reshapes behind it: what has to be computed one after the other.

    Reshapes in front of everything are views of the caller's input and belong to none.
    """
    groups: list[list[Layer]] = []
    for layer in network.layers:
        if not isinstance(layer, Reshape):
            groups.append([layer])
        elif groups:
            groups[-1].append(layer)
    return tuple(tuple(members) for members in groups)


def steps_from(parts: Parts, position: int) -> tuple[Step, ...]:
    """Every step that may start at operation `position`: kernels for it alone, and with its pooling."""
    alone = parts[position]
    found = [Step(position, step_name(alone), alone, kernel) for kernel in _kernels(alone[0])]
    if position + 1 < len(parts) and len(alone) == 1 and _fusable(alone[0], parts[position + 1][0]):
        both = alone + parts[position + 1]
        found += [Step(position, step_name(both), both, kernel) for kernel in _pooled_kernels(alone[0])]
    return tuple(found)


def step_name(layers: tuple[Layer, ...]) -> str:
    """The name of a step of these layers, a C identifier."""
    return "_".join(layer.name for layer in layers if not isinstance(layer, Reshape))


def _kernels(layer: Layer) -> Iterable[Kernel]:
    if isinstance(layer, Conv2D):
        if exact("mono", layer):
            yield Kernel("mono")
            return
        yield from _winograd(layer, pooled=False)
        yield Kernel("direct")
    elif isinstance(layer, FullyConnected):
        yield Kernel("fully_connected")
    elif isinstance(layer, MaxPool2D):
        name = pooling(layer)
        yield Kernel(name)
        if name == "max_pool_global":
            yield Kernel("max_pool_global_rows")


def _pooled_kernels(layer: Layer) -> Iterable[Kernel]:
    if isinstance(layer, Conv2D) and poolable(layer).all():
        yield from _winograd(layer, pooled=True)


def _winograd(layer: Conv2D, pooled: bool) -> Iterable[Kernel]:
    names: tuple[KernelName, ...] = ("f44", "f22")
    for name in names:
        if exact(name, layer):
            outputs = len(layer.weights)
            for stored in sorted(
                {outputs * part // STORED_PARTS // 2 * 2 for part in range(STORED_PARTS + 1)}
            ):
                for blocks in BLOCKS:
                    yield Kernel(name, stored, blocks, pooled)
                    if name == "f44" and blocks in APART_BLOCKS and stored < outputs:
                        yield Kernel(name, stored, blocks, pooled, apart=True)


def pooling(layer: MaxPool2D) -> KernelName:
    """The kernel of a pooling over whole maps."""
    height, width, _ = layer.input.shape
    unclamped = (layer.activation_min, layer.activation_max) == (-128, 127)
    if unclamped and layer.padding == (0, 0):
        whole_windows = layer.output.shape[:2] == (height // 2, width // 2)
        if layer.window == layer.stride == (2, 2) and whole_windows:
            return "max_pool_2x2"
        if layer.window == (height, width) and layer.output.shape[:2] == (1, 1):
            return "max_pool_global"
    return "max_pool_any"


def _fusable(conv: Layer, pool: Layer) -> bool:
    """Whether a Winograd kernel may take the pooling's maximum on the way."""
    return isinstance(conv, Conv2D) and isinstance(pool, MaxPool2D) and pooling(pool) == "max_pool_2x2"
