"""Weights of the one-input-channel 3x3 kernel: doubled int16, so that its sums are twice the accumulators."""

from __future__ import annotations

import numpy as np

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.plan.packed import PackedConv, RequantizeForm, channel_constants, words16


def pack_mono(conv: Conv2D, form: RequantizeForm) -> PackedConv:
    """Constants of edgel3_conv_mono: five words per output channel.

    With taps numbered row by row they are (0, 1), (3, 4), (6, 7), (2, 5) and (8, none); weights and biases
    are doubled.
    """
    taps = 2 * conv.weights.astype(np.int64).reshape(-1, 9)
    none = np.zeros_like(taps[:, :1])
    words = words16(np.concatenate([taps, none], axis=1)[:, [[0, 1], [3, 4], [6, 7], [2, 5], [8, 9]]])
    bias = conv.bias.astype(np.int64) - conv.input.zero_point * (taps.sum(axis=1) // 2)
    return PackedConv(
        weights=words.ravel(),
        channels=channel_constants(2 * bias, conv.requantize, conv.output.zero_point, form),
        corrections=np.zeros((len(bias), 4), np.int32),
    )
