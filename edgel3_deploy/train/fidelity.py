"""How close one embedding is to another: the figures by which students, pruned and quantized networks are
judged.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Closeness:
    """Over `windows` windows: cosine similarity of the embeddings, coefficient of determination averaged
    over the dimensions that vary, and squared error relative to the target's variance.
    """

    windows: int
    cosine_median: float
    cosine_p5: float
    cosine_min: float
    r2: float
    relative_mse: float

    def to_json(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


def closeness(embeddings: FloatArray, targets: FloatArray) -> Closeness:
    """Compare embeddings with their targets, float32 (n, width) each, n of at least one."""
    predicted, wanted = embeddings.astype(np.float64), targets.astype(np.float64)
    norms = np.linalg.norm(predicted, axis=1) * np.linalg.norm(wanted, axis=1)
    cosine = (predicted * wanted).sum(axis=1) / np.maximum(norms, 1e-12)
    error, variance = np.mean((predicted - wanted) ** 2, axis=0), wanted.var(axis=0)
    varies = variance > 1e-6 * max(float(variance.max()), 1e-12)
    return Closeness(
        windows=len(wanted),
        cosine_median=float(np.median(cosine)),
        cosine_p5=float(np.percentile(cosine, 5)),
        cosine_min=float(cosine.min()),
        r2=float(np.mean(1 - error[varies] / variance[varies])) if varies.any() else 0.0,
        relative_mse=float(error.sum() / max(variance.sum(), 1e-12)),
    )
