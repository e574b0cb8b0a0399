"""A teacher's embedding in fewer dimensions, by principal components.

Srivastava et al., "Specialized Embedding Approximation for Edge Intelligence" (ICASSP 2021).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Projection:
    """projected = max(embedding @ components + offset, 0): components (from, to), offset (to,).

    The offset makes what was seen non-negative, because a SEA student ends in a ReLU; distances are
    unchanged by it.
    """

    components: FloatArray
    offset: FloatArray
    explained: float

    def apply(self, embedding: FloatArray) -> FloatArray:
        """Project float32 (n, from) to float32 (n, to)."""
        projected: FloatArray = np.maximum(embedding @ self.components + self.offset, 0)
        return projected

    def to_bytes(self) -> bytes:
        """Components and offset as an .npz, so that the teacher's space can be found back."""
        stream = io.BytesIO()
        np.savez(stream, components=self.components, offset=self.offset)
        return stream.getvalue()


def principal_components(embeddings: FloatArray, width: int) -> Projection:
    """The projection of embeddings, float32 (n, from) with n above `width`, on their first `width`
    components.

    `explained` is the share of the variance that remains. Signs are fixed: each component's largest entry is
    positive.
    """
    mean = embeddings.mean(axis=0, dtype=np.float64)
    _, singular, rows = np.linalg.svd(embeddings - mean, full_matrices=False)
    components = rows[:width].T
    components *= np.sign(components[np.abs(components).argmax(axis=0), np.arange(width)])
    offset = -(embeddings @ components).min(axis=0)
    energy = singular**2
    explained = float(energy[:width].sum() / max(float(energy.sum()), 1e-12))
    return Projection(components.astype(np.float32), offset.astype(np.float32), explained)
