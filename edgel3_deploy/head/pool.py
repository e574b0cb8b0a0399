"""From windows to clips: the ways in which the probabilities of a clip's windows become one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

MEAN, MAXIMUM = "mean", "maximum"
POOLINGS = ("geometric", MEAN, "auto-1", "auto-2", "auto-4", "auto-8", "auto-16", MAXIMUM)
"""What is tried where the data choose.

geometric: the geometric mean, as if windows were independent evidence. auto-S: the mean of p weighted by
exp(S * p), between the mean (S = 0) and the maximum (S infinite): McFee, Salamon and Bello, "Adaptive pooling
operators for weakly labeled sound event detection", IEEE/ACM TASLP 2018.
"""

_LEAST = 1 / 512  # half a step of the int8 scores


def pool(probabilities: FloatArray, counts: NDArray[np.int64], pooling: str) -> FloatArray:
    """Probabilities of windows, (windows, labels), to those of clips, float32 (clips, labels).

    `counts` has the windows of each clip, in order; `pooling` is one of POOLINGS.
    """
    ends = np.cumsum(counts)
    parts = (probabilities[end - count : end] for end, count in zip(ends, counts, strict=True))
    return np.stack([_pooled(part.astype(np.float64), pooling) for part in parts]).astype(np.float32)


def _pooled(windows: NDArray[np.float64], pooling: str) -> NDArray[np.float64]:
    if pooling == "geometric":
        return np.asarray(np.exp(np.log(np.maximum(windows, _LEAST)).mean(axis=0)))
    if pooling == MAXIMUM:
        return np.asarray(windows.max(axis=0))
    sharpness = 0.0 if pooling == MEAN else float(pooling.removeprefix("auto-"))
    weights = np.exp(sharpness * windows)
    return np.asarray((windows * weights).sum(axis=0) / weights.sum(axis=0))
