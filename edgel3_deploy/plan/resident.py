"""Transformed Winograd weights in RAM that a board leaves idle: made once at start, read by every inference.

Mirrors edgel3_conv_f44_resident and edgel3_conv_f22_resident; a test compares them.
"""

from __future__ import annotations

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.plan.packed import pairs

WEIGHT_POSITIONS = {"f44": 36, "f22": 16}
"""Matrix products of a tile, each with weights of its own."""
READ_AHEAD = 8
"""Bytes behind the weights that the products load and do not use."""


def resident_bytes(kernel: str, layer: Conv2D, channels: int) -> int:
    """Bytes of RAM, a multiple of 8, for the transformed weights of `channels` output channels."""
    if channels == 0:
        return 0
    words = -(-channels // 2) * WEIGHT_POSITIONS[kernel] * pairs(layer.weights.shape[3]) * 2
    return words * 4 + READ_AHEAD
