"""Which output channels of a sparse convolution the kernel finishes itself, and where lists are cut.

Of a list with the sum P of its positive weights and N of its negated negative ones, lane 0 is in -255 N ..
255 P. It starts from K = 255 N and must stay below 2^23: sum |w| <= 32,896. Weights beyond that go into
further lists of the same channel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.plan.bounds import accumulators, fast_requantize

MOST_WEIGHT = ((1 << 23) - 1) // 255
"""Largest sum of |w| of a list."""
LAST_FAST_SHIFT = 12


def fast_channels(conv: Conv2D, reduced: bool) -> NDArray[np.bool_]:
    """Channels that sparse_run finishes itself if one list does: rectified, with a shift that it knows.

    `reduced`: only the maximum of each channel over the map is requantized, so any requantization is fast.
    Channels without weights are one value, which constants of the fast path make; layers without constants
    yet count as rectified.
    """
    if not conv.requantize.multiplier.any():
        return np.ones(len(conv.weights), np.bool_)
    if reduced:
        return accumulators(conv).fits(30)
    rectified = (conv.output.zero_point, conv.activation_min, conv.activation_max) == (-128, -128, 127)
    fast = fast_requantize(conv) & (-conv.requantize.shift <= LAST_FAST_SHIFT) & rectified
    return fast | constant_channels(conv)


def constant_channels(conv: Conv2D) -> NDArray[np.bool_]:
    """Channels without weights."""
    used: NDArray[np.bool_] = np.any(conv.weights, axis=(1, 2, 3))
    return ~used


def list_cuts(weights: NDArray[np.signedinteger]) -> list[int]:
    """Where the weights of a channel, in order, begin further lists, so that each holds the bound."""
    sizes = np.abs(weights.astype(np.int64))
    if sizes.sum() <= MOST_WEIGHT:
        return []
    found, total = [], 0
    for index, size in enumerate(sizes.tolist()):
        if total + size > MOST_WEIGHT:
            found.append(index)
            total = 0
        total += size
    return found
