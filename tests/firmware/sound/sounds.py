"""Samples that exercise the sound path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def street(rate: int, seconds: float, seed: int = 0) -> NDArray[np.int32]:
    """24 bits: tones and noise that swell and fade over an offset, silence, and peaks beyond the limits."""
    rng, count = np.random.default_rng(seed), round(rate * seconds)
    time = np.arange(count) / rate
    swell = 10 ** (2 * np.sin(2 * np.pi * 0.7 * time) - 1.5)
    wave = np.sin(2 * np.pi * 620 * time) + 0.3 * rng.standard_normal(count)
    samples = 2.0**21 * swell * wave + 2.0**16
    samples[count // 3 : count // 2] = 0
    return np.clip(np.rint(samples), -(2**23), 2**23 - 1).astype(np.int32)
