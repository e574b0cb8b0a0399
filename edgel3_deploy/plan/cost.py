"""Instructions of each kernel on a Cortex-M7, modelled: what the scheduler compares candidates by.

The coefficients are fitted to counts measured on QEMU's mps2-an500 (GCC 12.2, -O2); `make bench` prints the real counts beside
them. They choose between candidates and are never reported as measurements.
"""

from __future__ import annotations

from edgel3_deploy.graph.ir import Conv2D, FullyConnected
from edgel3_deploy.plan.kernel import WINOGRAD_TILE, Step
from edgel3_deploy.plan.packed import pairs


def instructions(step: Step, units_per_call: int) -> int:
    """Modelled instructions of the whole step when each call makes `units_per_call` units."""
    height, width, channels = step.output_shape
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
    return int(inputs * (POOL_GENERAL if name == "max_pool" else POOL_SIMD))


DIRECT_MAC, DIRECT_GATHER, MONO_MAC, POOL_SIMD, POOL_GENERAL = 0.85, 1.0, 1.9, 0.8, 8.0
F44_INPUT, F44_OUTPUT, F44_WEIGHTS = 230.0, 88.0, 150.0
F22_INPUT, F22_OUTPUT, F22_WEIGHTS = 90.0, 32.0, 70.0
GEMM_PAIR, GEMM_POSITION, CALL = 11.0, 12.0, 400.0


def _winograd(step: Step, layer: Conv2D, units_per_call: int) -> int:
    kernel = step.kernel
    tile = WINOGRAD_TILE[kernel.name]
    positions = (tile + 2) ** 2
    channels = pairs(layer.weights.shape[3])
    output_pairs = -(-layer.weights.shape[0] // 2)
    _, width, _ = step.output_shape
    across = -(-width // (tile // 2 if kernel.pooled else tile))
    calls = -(-step.units // units_per_call)
    tiles = across * units_per_call
    passes = -(-tiles // (4 * kernel.blocks))
    blocks = -(-tiles // 4)
    into, out, weights = (
        (F44_INPUT, F44_OUTPUT, F44_WEIGHTS) if kernel.name == "f44" else (F22_INPUT, F22_OUTPUT, F22_WEIGHTS)
    )
    per_block = positions * (channels * GEMM_PAIR + GEMM_POSITION) + 8 * out
    flying = output_pairs - (kernel.stored_channels + 1) // 2
    per_call = output_pairs * blocks * per_block + flying * passes * weights * channels + tiles * channels * into + CALL
    return int(calls * per_call)
