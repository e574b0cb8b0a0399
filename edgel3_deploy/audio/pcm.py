"""Recordings as the board gets them: int16 PCM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import FloatArray

PcmArray = NDArray[np.int16]

FULL_SCALE = 32768
"""The int16 value that 1.0 would have."""


def to_pcm(samples: FloatArray) -> PcmArray:
    """Samples of full scale 1.0, float32, as int16 of that shape: 32768 x rounded, halves to even, clipped.

    The product is exact, a power of two times a float32. Raises ValueError for NaN or infinite samples.
    """
    if not np.isfinite(samples).all():
        raise ValueError("NaN or infinite samples")
    scaled = np.rint(samples.astype(np.float64) * FULL_SCALE)
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def from_pcm(pcm: PcmArray) -> FloatArray:
    """int16 as float32 of full scale 1.0 and of that shape: exact."""
    return pcm.astype(np.float32) / np.float32(FULL_SCALE)


def beyond_full_scale(name: str, samples: FloatArray) -> str:
    """A warning if `to_pcm` clips some of the samples, which `name` names; else nothing."""
    beyond = int((np.abs(samples) > 1 + 0.5 / FULL_SCALE).sum())
    return f"{name}: {beyond:,} samples are beyond full scale and were clipped" if beyond else ""
