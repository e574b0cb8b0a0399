"""What a training run leaves behind for people and programs: figures as JSON, learning curves as a
picture.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from edgel3_deploy.compress.specialize import Request, Specialized

_CURVES = (
    ("loss", "training loss", "log"),
    ("cosine_median", "cosine to the teacher, held out, median", "linear"),
    ("relative_mse", "squared error over variance, held out", "log"),
)


def report_json(request: Request, result: Specialized, warnings: Sequence[str] = ()) -> bytes:
    """The report of a specialisation: settings, recordings, closeness before and after, history, and the
    warnings about recordings.
    """
    recipe = request.recipe
    content: dict[str, Any] = {
        "teacher": request.teacher.name,
        "student": {"name": result.network.name, "filters": list(request.widths)},
        "recipe": {
            "windows": recipe.windows,
            "batch_size": recipe.batch_size,
            "learning_rate": recipe.learning_rate,
            "map_weight": request.map_weight,
            "cosine_weight": request.cosine_weight,
            "seed": request.seed,
            "start": request.start.name if request.start is not None else None,
        },
        "trained_on": list(result.trained_on),
        "held_out": list(result.held_out),
        "closeness": result.closeness.to_json(),
        "untrained": result.untrained.to_json(),
        "filter_cosines": dict(result.filter_cosines),
        "explained_variance": result.projection.explained if result.projection is not None else None,
        "history": [dict(entry) for entry in result.history],
        "warnings": list(warnings),
    }
    return json.dumps(content, indent=2).encode() + b"\n"


def learning_curves(history: Sequence[Mapping[str, float]], batch_size: int) -> bytes:
    """The history as a PNG: loss, cosine and relative error over windows seen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    windows = [entry["step"] * batch_size for entry in history]
    for axis, (key, label, scale) in zip(figure.subplots(1, len(_CURVES)), _CURVES, strict=True):
        axis.plot(windows, [entry[key] for entry in history])
        axis.set(xlabel="windows seen", title=label, yscale=scale)
        axis.grid(alpha=0.3)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()
