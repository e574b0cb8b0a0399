"""How close int8 embeddings stay to the float network's."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

_BEST_SQNR_DB = 120.0


@dataclass(frozen=True)
class Fidelity:
    """Cosine similarity over windows, and signal-to-quantization-noise ratio over all elements."""

    cosine_min: float
    cosine_median: float
    sqnr_db: float

    def to_json(self) -> dict[str, float]:
        """The fields by name."""
        return asdict(self)


def measure(reference: NDArray[np.float32], actual: NDArray[np.float32]) -> Fidelity:
    """Compare embeddings, both float (n, embedding) with n > 0, row by row.

    SQNR = 10 log10(sum reference^2 / sum error^2), kept within -120 and 120 dB.
    """
    a, b = reference.astype(np.float64), actual.astype(np.float64)
    signal, noise = float((a**2).sum()), float(((a - b) ** 2).sum())
    if noise == 0:
        sqnr = _BEST_SQNR_DB
    elif signal == 0:
        sqnr = -_BEST_SQNR_DB
    else:
        sqnr = float(np.clip(10 * np.log10(signal / noise), -_BEST_SQNR_DB, _BEST_SQNR_DB))
    alike = cosines(reference, actual)
    return Fidelity(float(alike.min()), float(np.median(alike)), sqnr)


def cosines(reference: NDArray[np.float32], actual: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosine of each row of one to the same row of the other, (n,); of two zero vectors it is 1."""
    a, b = reference.astype(np.float64), actual.astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    both_zero = ~a.any(axis=1) & ~b.any(axis=1)
    alike: NDArray[np.float64] = np.where(
        both_zero, 1.0, (a * b).sum(axis=1) / np.where(norms > 0, norms, 1.0)
    )
    return alike
