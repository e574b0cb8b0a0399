"""How often each loop of the dense kernels runs in an inference, as firmware/kernels walk maps and strips."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, MaxPool2D
from edgel3_deploy.plan.bounds import MAX_FAST_SHIFT
from edgel3_deploy.plan.kernel import WINOGRAD_TILE, Step
from edgel3_deploy.plan.packed import pairs
from edgel3_deploy.plan.tile_walk import Walk, passes, walk

Work = Counter[str]
"""Runs by the names of loop_rates.py; "step N" are steps of the products for blocks of N tiles."""

Form = Literal["", " rounded", " general"]


def work(step: Step, units_per_call: int) -> Work:
    """The loops of the whole step when each call makes `units_per_call` units."""
    name, layer = step.kernel.name, step.layer
    if isinstance(layer, Conv2D):
        if name in WINOGRAD_TILE:
            return _winograd(step, layer, units_per_call)
        return _mono(step, layer, units_per_call) if name == "mono" else _direct(step, layer, units_per_call)
    if isinstance(layer, FullyConnected):
        return _fully_connected(layer)
    if name == "max_pool_any" and isinstance(layer, MaxPool2D):
        return _windows(layer)
    if name == "max_pool_2x2":
        return _pool(step, units_per_call)
    return _maximum(step, step.input_shape[0] if name == "max_pool_global_rows" else 1)


def form(layer: Layer) -> Form:
    """Which requantization the kernels take for a layer; layers without weights yet count as rectified.

    The range of accumulators, which bounds.requantize_form looks at too, is left out: it decides only for
    layers of extreme scales, and reading all weights takes long.
    """
    assert isinstance(layer, Conv2D | FullyConnected)
    multiplier, shift = layer.requantize.multiplier, layer.requantize.shift
    if not multiplier.any():
        return ""
    if not ((shift <= -1) & (shift >= -MAX_FAST_SHIFT)).all():
        return " general"
    unclamped = (layer.activation_min, layer.activation_max) == (-128, 127)
    return "" if unclamped and layer.output.zero_point == -128 else " rounded"


def _winograd(step: Step, layer: Conv2D, units_per_call: int) -> Work:
    kernel, name = step.kernel, step.kernel.name
    height, width, outputs = step.output_shape
    depth, output_pairs = layer.weights.shape[3], -(-outputs // 2)
    words, tile = pairs(depth), WINOGRAD_TILE[name]
    side = tile // 2 if kernel.pooled else tile
    tiles: Walk = walk(tile, side, layer.input.shape[:2], (height, width), units_per_call)
    groups = passes(side, (height, width), units_per_call, kernel.blocks)
    flying = output_pairs - (kernel.stored_channels + kernel.resident_channels + 1) // 2
    edges = (tiles.count if depth % 4 else tiles.outside) * (tile + 2) ** 2
    found = Work(
        {
            "winograd call": tiles.calls,
            f"{name} tile": tiles.count,
            f"{name} input": tiles.count * -(-depth // 4),
            "patch pixel": edges,
            "patch word": edges * (depth // 4),
            "patch rest": edges * (depth % 4 > 0),
            "patch byte": edges * (depth % 4),
            "pair pass": groups * output_pairs,
            f"{name} weights": groups * flying * words,
            "block": sum(tiles.blocks) * output_pairs,
            f"{name} output{form(layer)}{' pooled' if kernel.pooled else ''}": tiles.count * outputs,
            "aside tile": tiles.aside * output_pairs,
            "cut tile": tiles.cut * output_pairs,
        }
    )
    if name == "f44" and words not in (16, 32, 64):
        found["f44 weights stride"] = found["f44 weights"]
    for size, count in enumerate(tiles.blocks, start=1):
        positions = count * output_pairs * (tile + 2) ** 2
        found[f"step {size}"] = positions * words
        found["position"] += positions
        further = words // _chunk(words, size) - 1
        found["chunks"] += positions * (further > 0)
        found["chunk"] += positions * further
    return found


def _chunk(words: int, size: int) -> int:
    """Steps that gemm_m7.S has unrolled for so many pairs and tiles of a block."""
    if size < 4:
        return 8
    if words % 32 == 0:
        return 32
    return 16 if words == 16 else 8


def _direct(step: Step, layer: Conv2D, units_per_call: int) -> Work:
    height, width, outputs = step.output_shape
    _, kernel_height, kernel_width, depth = layer.weights.shape
    taps = kernel_height * kernel_width
    words = -(-taps * -(-depth // 4) * 2 // 8)
    full, rest = divmod(height, units_per_call)
    blocks = full * -(-units_per_call * width // 4) + -(-rest * width // 4)
    pixels = height * width
    return Work(
        {
            "direct call": full + bool(rest),
            "direct pixel": pixels,
            "direct line": pixels * kernel_height,
            "direct tap": pixels * taps,
            "direct word": pixels * taps * (depth // 4),
            "direct rest": pixels * taps * (depth % 4 > 0),
            "direct rest behind": pixels * taps * (depth % 4 > 0 and depth > 4),
            "direct byte": _inside(layer, 0) * _inside(layer, 1) * (depth % 4),
            "direct products": blocks * -(-outputs // 2) * words,
            "direct four": blocks,
            "direct block": blocks * (outputs // 2),
            "direct odd": blocks * (outputs % 2),
            f"direct output{form(layer)}": pixels * outputs,
        }
    )


def _inside(layer: Conv2D, axis: int) -> int:
    """Taps along an axis that lie inside the map, over all outputs along it."""
    size, taps = layer.input.shape[axis], layer.weights.shape[1 + axis]
    starts = (output * layer.stride[axis] - layer.padding[axis] for output in range(layer.output.shape[axis]))
    return sum(min(start + taps, size) - max(start, 0) for start in starts)


def _mono(step: Step, layer: Conv2D, units_per_call: int) -> Work:
    """Rows of a call go by twos; the last of an odd number by itself."""
    height, width, outputs = step.output_shape
    calls = [units_per_call] * (height // units_per_call) + [height % units_per_call]
    twos, one = sum(rows // 2 for rows in calls), sum(rows % 2 for rows in calls)
    found = Work(
        {
            "mono call": -(-height // units_per_call),
            "mono turn": twos + one,
            "mono row": height,
            "mono patch": height * width,
            "mono run": (twos + one) * outputs,
        }
    )
    if form(layer):
        found[f"mono output{form(layer)}"] = height * width * outputs
    else:
        found["mono four"] = outputs * (twos * (2 * width // 4) + one * (width // 4))
        found["mono odd"] = outputs * (twos * (2 * width % 4) + one * (width % 4))
    return found


def _pool(step: Step, units_per_call: int) -> Work:
    height, width, channels = step.output_shape
    pixels = height * width
    return Work(
        {
            "pool call": -(-height // units_per_call),
            "pool row": height,
            "pool pixel": pixels,
            "pool word": pixels * (channels // 4),
            "pool rest behind": pixels * (channels % 4 > 0 and channels > 4),
            "pool byte": pixels * (channels % 4),
        }
    )


def _maximum(step: Step, runs: int) -> Work:
    height, width, channels = step.input_shape
    return Work(
        {
            "maximum call": runs,
            "maximum run": runs * (channels // 4),
            "maximum word": height * width * (channels // 4),
            "maximum rest run": runs * (channels % 4),
            "maximum byte": height * width * (channels % 4),
        }
    )


def _windows(layer: MaxPool2D) -> Work:
    """Windows as if none were cut by padding."""
    height, width, channels = layer.output.shape
    outputs = height * width * channels
    return Work(
        {
            "window row": height,
            "window pixel": height * width,
            "window output": outputs,
            "window line": outputs * layer.window[0],
            "window input": outputs * layer.window[0] * layer.window[1],
        }
    )


def _fully_connected(layer: FullyConnected) -> Work:
    outputs, features = layer.weights.shape
    words, fours = -(-features // 4), -(-outputs // 4)
    return Work(
        {
            "connected call": 1,
            "connected input": words,
            "connected products": fours * words,
            f"connected four{form(layer)}": fours,
            f"connected output{form(layer)}": outputs,
        }
    )
