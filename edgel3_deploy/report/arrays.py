"""outputs.npz: what the board computed, for whoever wants to go on with the embeddings."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from edgel3_deploy.validate.result import LabelScores, Report


def to_npz(report: Report) -> bytes:
    """The file's content, the same bytes for the same result; readable without pickle.

    embeddings int8 (windows, embedding); timestamps float64 (windows,) in seconds; clip_index int32
    (windows,) into clip_names; scale float64 and zero_point int32: real = scale * (embedding - zero_point).
    """
    outputs = report.outputs
    content = io.BytesIO()
    labels = {} if report.labels is None else _labels(report.labels)
    np.savez_compressed(
        content,
        embeddings=outputs.embeddings,
        timestamps=outputs.timestamps,
        clip_index=outputs.source,
        clip_names=np.array([source.name for source in report.sources], np.str_),
        scale=np.float64(outputs.scale),
        zero_point=np.int32(outputs.zero_point),
        **labels,
    )
    return content.getvalue()


def _labels(labels: LabelScores) -> dict[str, Any]:
    """int8 (windows, labels) and their names; a score s is the probability (s + 128) / 256."""
    return {"label_scores": labels.scores, "label_names": np.array(labels.labels, np.str_)}
