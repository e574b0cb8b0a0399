"""Weights of the direct convolution kernel and of the fully connected one, int8."""

from __future__ import annotations

import numpy as np

from edgel3_deploy.graph.ir import Conv2D, FullyConnected
from edgel3_deploy.plan.packed import PackedConv, RequantizeForm, channel_constants, channel_pairs, words8


def pack_direct(conv: Conv2D, form: RequantizeForm) -> PackedConv:
    """Constants of edgel3_conv_direct.

    Words hold (channel 0, a), (channel 1, a), (channel 0, a + 2), (channel 1, a + 2) with a running over 0,
    1, 4, 5, ... of each tap's input channels, padded to whole words of four; all taps together are padded to
    a multiple of 8 words.
    """
    channels = conv.weights.shape[3]
    padded = np.pad(conv.weights, [(0, 0)] * 3 + [(0, -channels % 4)])
    lanes = channel_pairs(padded).reshape(
        -1, 2, padded[0].size // 4, 2, 2
    )  # (pairs, channel, quad, lane, parity)
    octets = lanes.transpose(0, 2, 4, 3, 1).reshape(len(lanes), -1, 4)
    octets = np.pad(octets, [(0, 0), (0, -octets.shape[1] % 8), (0, 0)])
    sums = conv.weights.astype(np.int64).sum(axis=(1, 2, 3))
    bias = conv.bias.astype(np.int64) - conv.input.zero_point * sums
    return PackedConv(
        weights=np.concatenate([words8(octets).ravel(), np.zeros(1, np.uint32)]),
        channels=channel_constants(bias, conv.requantize, conv.output.zero_point, form),
        corrections=np.zeros((len(bias), 4), np.int32),
    )


def pack_fully_connected(layer: FullyConnected, form: RequantizeForm) -> PackedConv:
    """Constants of edgel3_fully_connected: a row of int8 weights per output, padded to four features."""
    padded = np.pad(layer.weights.astype(np.int64), [(0, 0), (0, -layer.weights.shape[1] % 4)])
    bias = layer.bias.astype(np.int64) - layer.input.zero_point * padded.sum(axis=1)
    return PackedConv(
        weights=words8(padded.reshape(len(padded), -1, 4)).ravel(),
        channels=channel_constants(bias, layer.requantize, layer.output.zero_point, form),
        corrections=np.zeros((len(bias), 4), np.int32),
    )
