"""Heads of random weights, in all forms and at extreme scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgel3_deploy.graph.fixed_point import quantize_multipliers
from edgel3_deploy.graph.ir import FullyConnected, Tensor
from edgel3_deploy.head.file import HeadFile
from edgel3_deploy.head.network import HeadNetwork, Output


def weight_scales(seed: int, outputs: int) -> np.ndarray:
    """One scale per output, a factor of a thousand apart."""
    return (10.0 ** np.random.default_rng(seed).uniform(-4, -1, outputs)).astype(np.float32)


def random_head(
    sizes: Sequence[int], output: Output, *, seed: int = 0, logit_scale: float = 0.1, zero_point: int = -7
) -> HeadNetwork:
    """Layers of sizes[0] x sizes[1] x ...; hidden ones with ReLU."""
    rng = np.random.default_rng(seed)
    current = Tensor(0, "embedding", (sizes[0],), 0.05, -128)
    layers = []
    for index, outputs in enumerate(sizes[1:]):
        last = index == len(sizes) - 2
        features = current.size
        target = Tensor(
            index + 1,
            f"dense{index + 1}",
            (outputs,),
            float(np.float32(logit_scale if last else 0.5)),
            zero_point if last else -128,
        )
        effective = float(np.float32(current.scale)) * weight_scales(seed + index, outputs).astype(np.float64)
        layers.append(
            FullyConnected(
                index=index,
                name=f"dense{index + 1}",
                source_name=f"dense{index + 1}",
                input=current,
                output=target,
                weights=rng.integers(-127, 128, (outputs, features)).astype(np.int8),
                bias=rng.integers(-20000, 20000, outputs).astype(np.int32),
                requantize=quantize_multipliers(effective / float(np.float32(target.scale))),
                activation_min=-128,
                activation_max=127,
            )
        )
        current = target
    return HeadNetwork(tuple(layers), output)


def small_head(network: HeadNetwork, **facts: Any) -> HeadFile:
    """A head with three labels for the small model, but for `facts`."""
    usual: dict[str, Any] = {
        "labels": ("car", "dog", "rain"),
        "model_name": "small",
        "model_sha256": "0" * 64,
        "weights_sha256": "",
        "pooling": "mean",
        "thresholds": (0.5, 0.5, 0.5),
        "data": {},
        "metrics": {},
        "folds": [],
        "trained_on": (),
    }
    return HeadFile(network=network, **{**usual, **facts})
