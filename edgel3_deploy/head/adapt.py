"""Which model a head belongs to, and the same head for another quantization of the same weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edgel3_deploy.errors import UsageError
from edgel3_deploy.fileio import sha256
from edgel3_deploy.graph.fixed_point import quantize_multipliers
from edgel3_deploy.graph.ir import FullyConnected, Network
from edgel3_deploy.head.file import HeadFile
from edgel3_deploy.head.network import HeadNetwork
from edgel3_deploy.models.archive import fingerprint
from edgel3_deploy.models.network import FloatNetwork

BUNDLED = "bundled"
"""The name of the head that ships with the package, for the bundled model."""


def locate_head(name: Path) -> Path:
    """The file behind "bundled", or the path itself."""
    path = Path(__file__).resolve().parent.parent / "_bundled" / "head.npz"
    return path if str(name) == BUNDLED and path.is_file() else name


def head_for(head: HeadFile, network: Network, model: bytes, weights: FloatNetwork | None) -> HeadFile:
    """`head` for the .tflite `model` of `network`, which was quantized from `weights` if those are known.

    The head of the very model is taken as it is. One that was trained on another quantization of the same
    weights, say with other calibration, takes on this one's embedding scale: its real weights stay. Raises
    UsageError for any other.
    """
    digest = sha256(model)
    if head.model_sha256 == digest:
        return head
    same = weights is not None and head.weights_sha256 == fingerprint(weights)
    if not same or head.network.input.size != network.output.size:
        raise UsageError(
            f"the head was trained on {head.model_name} {head.model_sha256[:16]}, and {network.name} is "
            f"{digest[:16]}",
            "Give the model that the head was trained on, or train a head for this one.",
        )
    first, *others = head.network.layers
    layers = (_rescaled(first, network), *others)
    return replace(head, network=HeadNetwork(layers, head.network.output), model_sha256=digest)


def _rescaled(layer: FullyConnected, network: Network) -> FullyConnected:
    """The layer for inputs of the network's own output quantization."""
    ratio = network.output.scale / layer.input.scale
    effective = layer.requantize.multiplier.astype(np.float64) * 2.0 ** (layer.requantize.shift - 31.0)
    return replace(
        layer,
        input=replace(layer.input, scale=network.output.scale, zero_point=network.output.zero_point),
        bias=np.rint(layer.bias / ratio).clip(-(1 << 30), 1 << 30).astype(np.int32),
        requantize=quantize_multipliers(effective * ratio),
    )
