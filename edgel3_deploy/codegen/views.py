"""What the templates see of a layer: its value from the graph, plus names, places and comments as C text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgel3_deploy.codegen import ctext
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, MaxPool2D, Network, Reshape
from edgel3_deploy.plan.memory import MemoryPlan, Placement

RESERVED = frozenset(("input", "layer", "memcpy", "observe", "observer", "observer_context", "output"))
"""Names that generated code uses itself."""


@dataclass(frozen=True)
class Buffer:
    """A place in an arena that generated code names: `name` points at `offset` in the arena of `region`."""

    name: str
    region: str
    offset: int
    size: int


@dataclass(frozen=True)
class LayerView:
    """`kind` is conv2d, max_pool2d, fully_connected or reshape; `input` and `output` are C expressions.

    `scratch` is the layer's workspace, None if it needs none. `moves` is False for a reshape whose bytes
    already are where they should be.
    """

    kind: str
    name: str
    layer: Layer
    input: str
    output: str
    scratch: Buffer | None
    moves: bool
    comment: tuple[str, ...]


@dataclass(frozen=True)
class NetworkView:
    """The layers with the buffers they name, each buffer once, in order of first use."""

    layers: tuple[LayerView, ...]
    buffers: tuple[Buffer, ...]


def view_network(network: Network, plan: MemoryPlan) -> NetworkView:
    """Name every buffer of the plan and describe every layer; BadInputError if a layer's name cannot be C."""
    names = [ctext.identifier(layer.name) for layer in network.layers]
    if len(set(names)) != len(names) or RESERVED & set(names):
        raise ValueError("layer names clash")
    places = {placement.tensor: placement for placement in plan.placements}
    scratch = {placement.first: placement for placement in plan.scratch}
    expressions: dict[int, str] = {}
    buffers: list[Buffer] = []
    for group in _views_of_same_bytes(network):
        held = next((places[tensor] for tensor in group if tensor in places), None)
        if network.input.index in group:
            expression = "input"
        elif network.output.index in group:
            expression = "output"
        elif held is not None:
            producer = next(layer for layer in network.layers if layer.output.index in group)
            expression = f"{producer.name}_output"
            buffers.append(_buffer(expression, held))
        else:
            raise ValueError(f"the memory plan has no place for tensor {group[0]}")
        expressions.update(dict.fromkeys(group, expression))
    expressions[network.output.index] = "output"
    views = []
    for layer in network.layers:
        workspace = scratch.get(layer.index)
        if workspace is not None:
            buffers.append(_buffer(f"{layer.name}_scratch", workspace))
        source, target = expressions[layer.input.index], expressions[layer.output.index]
        views.append(
            LayerView(
                kind=_KINDS[type(layer)],
                name=layer.name,
                layer=layer,
                input=source,
                output=target,
                scratch=buffers[-1] if workspace is not None else None,
                moves=not (isinstance(layer, Reshape) and source == target),
                comment=describe(layer),
            )
        )
    return NetworkView(tuple(views), tuple(buffers))


def _views_of_same_bytes(network: Network) -> list[tuple[int, ...]]:
    """Tensor indices in execution order, grouped where a reshape only renames the same bytes."""
    groups: list[tuple[int, ...]] = [(network.input.index,)]
    for layer in network.layers:
        if isinstance(layer, Reshape):
            groups[-1] = (*groups[-1], layer.output.index)
        else:
            groups.append((layer.output.index,))
    return groups


def _buffer(name: str, placement: Placement) -> Buffer:
    return Buffer(name, placement.region, placement.offset, placement.size)


_KINDS: Mapping[type[Layer], str] = {
    Conv2D: "conv2d",
    MaxPool2D: "max_pool2d",
    FullyConnected: "fully_connected",
    Reshape: "reshape",
}


def describe(layer: Layer) -> tuple[str, ...]:
    """Lines for people: what the layer does, its shapes and cost, its quantization, where it came from."""
    shapes = f"{ctext.shape(layer.input.shape)} -> {ctext.shape(layer.output.shape)}"
    lines = [f"{layer.name}: {_operation(layer)}"]
    if layer.macs:
        lines.append(f"{shapes}; {layer.macs:,} MACs, {layer.constant_bytes:,} bytes of constants")
    else:
        lines.append(shapes)
    if isinstance(layer, Conv2D | FullyConnected):
        lines.append(
            f"input {_quantization(layer.input.scale, layer.input.zero_point)}; "
            f"output {_quantization(layer.output.scale, layer.output.zero_point)}, "
            f"clamped to {layer.activation_min}..{layer.activation_max}"
        )
    if layer.source_name:
        lines.append(f"from {ctext.comment(layer.source_name)}")
    return tuple(lines)


def _operation(layer: Layer) -> str:
    if isinstance(layer, Conv2D):
        _, height, width, _ = layer.weights.shape
        return (
            f"convolution {height} x {width}, stride {ctext.shape(layer.stride)}, "
            f"padding {layer.padding[0]} above and {layer.padding[1]} left"
        )
    if isinstance(layer, MaxPool2D):
        return f"max pooling {ctext.shape(layer.window)}, stride {ctext.shape(layer.stride)}"
    if isinstance(layer, FullyConnected):
        return "fully connected"
    return "reshape"


def _quantization(scale: float, zero_point: int) -> str:
    return f"scale {scale:.6g} zero point {zero_point}"
