"""How the portable kernels (firmware/kernels) want their constants and how much workspace they take.

The layouts are those that firmware/include/edgel3_kernels.h documents.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, Network

PIXELS = 2
"""Output pixels that edgel3_conv2d_s8 computes at a time, each from a patch of its own in scratch."""


def pack_weights(layer: Conv2D | FullyConnected) -> NDArray[np.int8]:
    """The weights as the kernel reads them: int8 (out, kernel_h * kernel_w * in) or (out, in), C order."""
    return np.ascontiguousarray(layer.weights.reshape(layer.weights.shape[0], -1))


def pack_bias(layer: Conv2D | FullyConnected) -> NDArray[np.int32]:
    """int32 (out,): the bias with the input's zero point folded in, bias - zero_point * sum(weights).

    Exact for convolutions too, since the kernel reads padding as the zero point.
    """
    sums = pack_weights(layer).sum(axis=1, dtype=np.int64)
    folded: NDArray[np.int64] = layer.bias.astype(np.int64) - layer.input.zero_point * sums
    return folded.astype(np.int32)


def scratch_bytes(layer: Layer) -> int:
    """Bytes of scratch the layer's portable kernel needs, as edgel3_conv2d_s8_scratch_size gives them."""
    if isinstance(layer, Conv2D):
        return PIXELS * int(layer.weights[0].size)
    return 0


def native_scratch(network: Network) -> Mapping[int, int]:
    """Scratch bytes by layer index for `plan_memory`, of the layers that need any."""
    return {layer.index: scratch_bytes(layer) for layer in network.layers if scratch_bytes(layer)}
