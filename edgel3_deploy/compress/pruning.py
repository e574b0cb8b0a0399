"""Smaller networks by leaving things out: single weights, whole filters, or the last layers.

Kumari et al., "EdgeL3: Compressing L3-Net for Mote-Scale Urban Noise Monitoring" (PAISE 2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import UsageError
from edgel3_deploy.models.family import PLANS
from edgel3_deploy.models.network import FloatNetwork

__all__ = ["PLANS", "Pruned", "cut_depth", "parse_plan", "prune_filters", "prune_weights"]

FloatArray = NDArray[np.float32]

__all__ = [
    "DEPTHS",
    "PLANS",
    "WIDTH_PLANS",
    "Pruned",
    "cut_depth",
    "parse_plan",
    "prune_filters",
    "prune_weights",
]

WIDTH_PLANS: Mapping[str, tuple[float, ...]] = {"half": (0, 25, 50, 50, 50, 50, 50, 50)}
"""Published shares of dropped filters in percent: L3 with 64 48 64 64 128 128 256 256 filters."""

DEPTHS = {"conv7": 7, "conv6": 6, "conv5": 5}


@dataclass(frozen=True)
class Pruned:
    """A pruned network and where it came from.

    `masks` is one array of zeros and ones for each kernel, or empty if no single weights were dropped.
    `kept` lists, for each convolution, the indices of its filters in the original network.
    """

    network: FloatNetwork
    masks: tuple[FloatArray, ...]
    kept: tuple[NDArray[np.int64], ...]

    @property
    def sparsity(self) -> float:
        """Share of zeros among the kernels' weights."""
        sizes = [conv.weights.size for conv in self.network.convs]
        zeros = [conv.weights.size - np.count_nonzero(conv.weights) for conv in self.network.convs]
        return float(sum(zeros) / sum(sizes))


def parse_plan(text: str, plans: Mapping[str, tuple[float, ...]], layers: int) -> tuple[float, ...]:
    """Percentages for each of `layers` convolutions: the name of a published plan, or numbers with commas.

    Raises UsageError for anything else.
    """
    if text in plans and len(plans[text]) == layers:
        return plans[text]
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if len(shares) != layers or not all(0 <= share < 100 for share in shares):
        raise UsageError(
            f"{text!r} is no pruning plan for {layers} convolutions",
            f"Give {layers} percentages from 0 to below 100, or one of {', '.join(plans)}.",
        )
    return shares


def prune_weights(network: FloatNetwork, percent: Sequence[float]) -> Pruned:
    """Zero the weights of least magnitude: `percent` of each convolution's."""
    convs, masks = [], []
    for conv, share in zip(network.convs, percent, strict=True):
        mask = _largest(conv.weights, round(conv.weights.size * share / 100))
        masks.append(mask.reshape(conv.weights.shape))
        convs.append(replace(conv, weights=conv.weights * masks[-1]))
    return Pruned(replace(network, convs=tuple(convs)), tuple(masks), _all_filters(network))


def _largest(weights: FloatArray, dropped: int) -> FloatArray:
    """A flat mask of the weights without the `dropped` least in magnitude; of equal ones the first go."""
    sizes = np.abs(weights).ravel()
    if dropped == 0:
        return np.ones(sizes.size, np.float32)
    bound = np.partition(sizes, dropped - 1)[dropped - 1]
    kept: FloatArray = (sizes >= bound).astype(np.float32)
    equal = np.flatnonzero(sizes == bound)
    kept[equal[: dropped - np.count_nonzero(sizes < bound)]] = 0
    return kept


def prune_filters(network: FloatNetwork, percent: Sequence[float]) -> Pruned:
    """Drop the filters of least L1 norm, `percent` of each convolution's, with the inputs they fed.

    Li et al., "Pruning Filters for Efficient ConvNets" (ICLR 2017). At least one filter of each layer stays;
    an embedding keeps its remaining dimensions in order.
    """
    convs, kept = [], []
    inputs = np.arange(1)
    for conv, share in zip(network.convs, percent, strict=True):
        width = conv.bias.size
        count = max(width - round(width * share / 100), 1)
        norms = np.abs(conv.weights[:, :, inputs]).sum(axis=(0, 1, 2))
        chosen = np.sort(np.argsort(-norms, kind="stable")[:count])
        weights = np.ascontiguousarray(conv.weights[:, :, inputs][..., chosen])
        convs.append(replace(conv, weights=weights, bias=conv.bias[chosen]))
        kept.append(chosen)
        inputs = chosen
    return Pruned(replace(network, convs=tuple(convs)), (), tuple(kept))


def cut_depth(network: FloatNetwork, depth: str) -> Pruned:
    """The network up to the convolution called `depth`, whose largest outputs become the embedding."""
    if depth not in DEPTHS:
        raise UsageError(f"no depth is called {depth!r}", f"Known: {', '.join(DEPTHS)}.")
    shorter = replace(network, convs=network.convs[: DEPTHS[depth]])
    return Pruned(shorter, (), _all_filters(shorter))


def _all_filters(network: FloatNetwork) -> tuple[NDArray[np.int64], ...]:
    return tuple(np.arange(conv.bias.size) for conv in network.convs)
