"""Which operations can be the steps of a lane group: 3x3 convolutions with the poolings behind them."""

from __future__ import annotations

from dataclasses import replace

from edgel3_deploy.graph.ir import Conv2D, Layer, MaxPool2D
from edgel3_deploy.plan.bounds import exact, exact_direct, poolable, supports
from edgel3_deploy.plan.candidates import Parts, pooling, step_name
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.list_sizes import list_sizes

FUSED = ("max_pool_2x2", "max_pool_global")


def lane_steps(parts: Parts, columns: bool) -> tuple[Step | None, ...]:
    """For each operation the lane step that begins with it, its pooling fused; None where there is none.

    Sparse steps keep byte lists. `columns`: their rows are those of the transposed map.
    """
    return tuple(step and with_list_sizes(step) for step in lane_shapes(parts, columns))


def lane_shapes(parts: Parts, columns: bool) -> tuple[Step | None, ...]:
    """The same without the sizes of lists, for which all weights must be read."""
    return tuple(_lane_shape(parts, position, columns) for position in range(len(parts)))


def with_list_sizes(step: Step) -> Step:
    """A lane step with the sizes of its lists, if it has any."""
    if step.kernel.name != "sparse":
        return step
    assert isinstance(step.layer, Conv2D)
    return replace(step, lists=list_sizes(step.layer, step.kernel.columns, step.kernel.reduced))


def lane_chain(steps: tuple[Step | None, ...], first: int) -> tuple[Step, ...]:
    """The longest run of these steps from operation `first` on.

    mono_lanes can only begin it; the maximum over the map, and a view of the output, end it.
    """
    chain: list[Step] = []
    position = first
    while position < len(steps):
        step = steps[position]
        if step is None or (chain and step.kernel.name == "mono_lanes"):
            break
        chain.append(step)
        if step.kernel.reduced or len(step.layers) > step.operations:
            break
        position += step.operations
    return tuple(chain)


def _lane_shape(parts: Parts, position: int, columns: bool) -> Step | None:
    conv, *views = parts[position]
    if not isinstance(conv, Conv2D) or not supports("f44", conv):
        return None
    if exact("mono", conv):
        kernel = Kernel("mono_lanes", columns=columns)
        return Step(position, step_name(parts[position]), parts[position], kernel)
    if not exact_direct(conv).all():
        return None
    behind = "" if views else _fused(conv, parts[position + 1][0] if position + 1 < len(parts) else None)
    layers = parts[position] + (parts[position + 1] if behind else ())
    kernel = Kernel(
        "sparse", pooled=behind == "max_pool_2x2", reduced=behind == "max_pool_global", columns=columns
    )
    return Step(position, step_name(layers), layers, kernel)


def _fused(conv: Conv2D, following: Layer | None) -> str:
    """The pooling whose maximum the convolution's kernel takes on the way; empty if there is none."""
    if not isinstance(following, MaxPool2D) or not poolable(conv).all():
        return ""
    name = pooling(following)
    return name if name in FUSED else ""
