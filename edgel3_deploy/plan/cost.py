"""Instructions of each kernel on a Cortex-M7, modelled: what the scheduler compares candidates by.

The coefficients are fitted to counts measured on QEMU's mps2-an500 (GCC 12.2, -O2); `make bench` prints the
real counts beside them. They choose between candidates and are never reported as measurements.
"""

from __future__ import annotations

from edgel3_deploy.graph.ir import Conv2D, FullyConnected
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import WINOGRAD_TILE, Step
from edgel3_deploy.plan.packed import pairs


def step_costs(members: Group) -> tuple[int, ...]:
    """Modelled instructions of each step of a group: over the whole map if it is alone, else unit by unit."""
    alone = len(members.steps) == 1
    return tuple(instructions(step, step.units if alone else 1) for step in members.steps)


def instructions(step: Step, units_per_call: int) -> int:
    """Modelled instructions of the whole step when each call makes `units_per_call` units."""
    height, width, _ = step.output_shape
    name = step.kernel.name
    layer = step.layer
    if name in WINOGRAD_TILE and isinstance(layer, Conv2D):
        return _winograd(step, layer, units_per_call)
    if name == "direct" and isinstance(layer, Conv2D):
        return int(layer.macs * DIRECT_MAC + height * width * layer.weights[0].size * DIRECT_GATHER)
    if name == "mono":
        return int(layer.macs * MONO_MAC)
    if name == "fully_connected" and isinstance(layer, FullyConnected):
        return int(layer.macs * DIRECT_MAC)
    inputs = int(layer.input.size)
    return int(inputs * (POOL_GENERAL if name == "max_pool_any" else POOL_SIMD))


DIRECT_MAC, DIRECT_GATHER, MONO_MAC, POOL_SIMD, POOL_GENERAL = 0.82, 1.1, 1.9, 1.1, 16.0
# Winograd: per tile and four input channels, per tile and output channel, per pair of outputs and inputs.
INPUT = {"f44": 644.0, "f22": 300.0}
OUTPUT = {"f44": 322.0, "f22": 130.0}
OUTPUT_POOLED = {"f44": 283.0, "f22": 130.0}
WEIGHTS = {"f44": 266.0, "f22": 200.0}
TILE_SETUP, BLOCK_SETUP, EDGE_TILE, WEIGHTS_SETUP = 300.0, 150.0, 65.0, 30.0
STEP = (4.0, 7.0, 10.0, 13.0)
"""Instructions of a step of the products, two output by two input channels, for blocks of 1 to 4 tiles."""


def _winograd(step: Step, layer: Conv2D, units_per_call: int) -> int:
    kernel = step.kernel
    tile = WINOGRAD_TILE[kernel.name]
    positions = (tile + 2) ** 2
    channels = layer.weights.shape[3]
    columns = pairs(channels)
    outputs = layer.weights.shape[0]
    height, width, _ = step.output_shape
    side = tile // 2 if kernel.pooled else tile
    across = -(-width // side)
    calls = -(-step.units // units_per_call)
    tiles = across * -(-height // side) / calls
    full, rest = divmod(round(tiles), 4)
    passes = -(-round(tiles) // (4 * kernel.blocks))
    setup = 7.0 if columns in (8, 16, 32) else 4.0 + columns / 4
    products = sum(
        count * positions * (STEP[size - 1] * columns + setup)
        for size, count in ((4, full), (rest, 1))
        if size
    )
    per_output = OUTPUT_POOLED if kernel.pooled else OUTPUT
    edges = 0.0 if width % side == 0 else tiles / across
    per_call = (
        -(-outputs // 2) * (products + BLOCK_SETUP * (full + bool(rest)))
        + outputs * (tiles * per_output[kernel.name] + edges * EDGE_TILE)
        + tiles * (INPUT[kernel.name] * channels / 4 + TILE_SETUP)
        + (outputs - kernel.stored_channels) / 2 * passes * (WEIGHTS[kernel.name] * columns + WEIGHTS_SETUP)
    )
    return int(calls * per_call)
