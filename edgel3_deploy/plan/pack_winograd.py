"""Weights of the Winograd kernels: stored transformed (int16) or int8, transformed on the fly, by channel.

Transforms and units: firmware/kernels/f44_*.c and f22_*.c.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.plan.packed import (
    PackedConv,
    RequantizeForm,
    channel_constants,
    channel_pairs,
    paired,
    words8,
    words16,
    wrap,
)

F44_WEIGHTS = np.array([(1, 0, 0), (1, 1, 1), (1, -1, 1), (1, 2, 4), (1, -2, 4), (0, 0, 1)], np.int64)
F22_WEIGHTS = np.array([(1, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 1)], np.int64)
F44_LANE_OFFSET = 12750
_READ_AHEAD = 2


def pack_f44(conv: Conv2D, stored_channels: int, form: RequantizeForm) -> PackedConv:
    """Constants of edgel3_conv_f44: the bias in units of 36 for position (1, 1), inputs offset by 128.

    `stored_channels` output channels, an even number or all, are stored transformed: 8 times the bytes.
    """
    sums = conv.weights.astype(np.int64).sum(axis=(1, 2, 3))
    bias = conv.bias.astype(np.int64) - (conv.input.zero_point + 128) * sums
    return PackedConv(
        weights=_weights(conv.weights, F44_WEIGHTS, stored_channels),
        channels=channel_constants(36 * bias, conv.requantize, conv.output.zero_point, form),
        corrections=_f44_corrections(conv.weights),
    )


def pack_f22(conv: Conv2D, stored_channels: int, form: RequantizeForm) -> PackedConv:
    """Constants of edgel3_conv_f22: the bias in units of 4 for position (1, 1).

    Stored channels take 3.6 times the bytes.
    """
    sums = conv.weights.astype(np.int64).sum(axis=(1, 2, 3))
    bias = conv.bias.astype(np.int64) - conv.input.zero_point * sums
    return PackedConv(
        weights=_weights(conv.weights, F22_WEIGHTS, stored_channels),
        channels=channel_constants(4 * bias, conv.requantize, conv.output.zero_point, form),
        corrections=np.zeros((len(conv.bias), 4), np.int32),
    )


def _weights(
    weights: NDArray[np.int8], transform: NDArray[np.int64], stored_channels: int
) -> NDArray[np.uint32]:
    """The first `stored_channels` (even, or all) as w[pair][position][pairs][2], the others as int8 words."""
    lanes = paired(channel_pairs(weights))  # (out pairs, 2, 3, 3, pairs, 2)
    stored, fly = np.split(lanes, [(stored_channels + 1) // 2])
    transformed = words16(np.einsum("ia,jb,onabpl->oijpnl", transform, transform, stored))
    octets = fly.transpose(0, 4, 2, 3, 5, 1)  # (out pairs, pairs, 3, 3, lane, channel)
    packed = words8(octets.reshape(*octets.shape[:4], 4))
    return np.concatenate([transformed.ravel(), packed.ravel(), np.zeros(_READ_AHEAD, np.uint32)])


def _f44_corrections(weights: NDArray[np.int8]) -> NDArray[np.int32]:
    """What the lane offset on a patch's pixels (4..5, 4..5) adds to outputs (2..3, 2..3)."""
    offset_channels = np.arange(weights.shape[3]) % 4 < 2
    low = weights[..., offset_channels].astype(np.int64).sum(axis=3)  # (out, 3, 3)
    seen = [
        sum(low[:, ky, kx] for ky in range(4 - r, 3) for kx in range(4 - c, 3))
        for r in (2, 3)
        for c in (2, 3)
    ]
    return wrap(36 * F44_LANE_OFFSET * np.stack([np.asarray(total) for total in seen], axis=1))
