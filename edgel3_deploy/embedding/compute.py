"""From a clip to its embeddings, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import Clip, windows
from edgel3_deploy.audio.frontend import FloatArray
from edgel3_deploy.audio.pcm import beyond_full_scale
from edgel3_deploy.embedding.model import EmbeddingModel
from edgel3_deploy.progress import Progress, silent

_BATCH = 16


@dataclass(frozen=True)
class Embedding:
    """`embedding` float32 (n, embedding_size); `timestamps` float64 (n,) in seconds; oddities in words."""

    embedding: FloatArray
    timestamps: NDArray[np.float64]
    warnings: tuple[str, ...] = ()


def embed_clip(
    clip: Clip,
    model: EmbeddingModel,
    hop_size: float = 0.1,
    center: bool = True,
    progress: Progress = silent,
) -> Embedding:
    """Every window of the clip, as `windows` cuts them. Raises UsageError for a hop that does not work."""
    cut, timestamps = windows(clip, model.front_end, hop_size, center)
    embedding = np.empty((len(cut), model.embedding_size), np.float32)
    for start in range(0, len(cut), _BATCH):
        progress(f"embedding {clip.path.name}", start, len(cut))
        embedding[start : start + _BATCH] = model.embed(cut[start : start + _BATCH])
    clipped = "" if model.arithmetic == "float" else beyond_full_scale(str(clip.path), clip.samples)
    return Embedding(embedding, timestamps, (*clip.warnings, *((clipped,) if clipped else ())))
