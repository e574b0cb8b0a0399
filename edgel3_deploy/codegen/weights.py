"""A network's constants as C arrays in rows that people can read: one comment per output channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.codegen import ctext
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Network
from edgel3_deploy.plan.pack import pack_bias, pack_weights


@dataclass(frozen=True)
class ArrayView:
    """One constant: element type, C name, elements, the shape in words, and its rows as C text."""

    type: str
    name: str
    size: int
    shape: str
    rows: tuple[str, ...]


def view_constants(network: Network, *, packed: bool) -> tuple[ArrayView, ...]:
    """All constants of `network` in layer order.

    With `packed` as the portable kernels want them (plan.pack), else as they are in the .tflite file.
    """
    arrays: list[ArrayView] = []
    for layer in network.layers:
        if isinstance(layer, Conv2D | FullyConnected):
            name = ctext.identifier(layer.name)
            weights = pack_weights(layer) if packed else layer.weights
            bias = pack_bias(layer) if packed else layer.bias
            arrays += [
                _per_channel(f"{name}_weights", weights, layer.weights.shape),
                _plain(f"{name}_bias", bias),
                _plain(f"{name}_multiplier", layer.requantize.multiplier),
                _plain(f"{name}_shift", layer.requantize.shift),
            ]
    return tuple(arrays)


def _per_channel(name: str, values: NDArray[np.int8], shape: tuple[int, ...]) -> ArrayView:
    rows = tuple(ctext.rows(channel) for channel in values.reshape(values.shape[0], -1))
    return ArrayView("int8_t", name, int(values.size), ctext.shape(shape), rows)


def _plain(name: str, values: NDArray[np.int32]) -> ArrayView:
    return ArrayView("int32_t", name, int(values.size), ctext.shape(values.shape), (ctext.rows(values),))
