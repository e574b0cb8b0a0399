"""From windows to clips: auto-pool, of which the mean and the maximum are the ends.

Source: McFee, Salamon and Bello, "Adaptive pooling operators for weakly labeled sound event detection",
IEEE/ACM TASLP 2018: the mean of p weighted by exp(sharpness * p).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

MEAN, MAXIMUM = 0.0, math.inf
SHARPNESSES = (MEAN, 1.0, 2.0, 4.0, 8.0, 16.0, MAXIMUM)
"""What is tried where the data choose."""


def pool(probabilities: FloatArray, counts: NDArray[np.int64], sharpness: float) -> FloatArray:
    """Probabilities of windows, (windows, labels), to those of clips, float32 (clips, labels).

    `counts` has the windows of each clip, in order. `sharpness` 0 is the mean, infinity the maximum.
    """
    ends = np.cumsum(counts)
    parts = (probabilities[end - count : end] for end, count in zip(ends, counts, strict=True))
    return np.stack([_pooled(part.astype(np.float64), sharpness) for part in parts]).astype(np.float32)


def _pooled(windows: NDArray[np.float64], sharpness: float) -> NDArray[np.float64]:
    if math.isinf(sharpness):
        return np.asarray(windows.max(axis=0))
    weights = np.exp(sharpness * windows)
    return np.asarray((windows * weights).sum(axis=0) / weights.sum(axis=0))
