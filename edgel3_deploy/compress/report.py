"""What a training run leaves behind for people and programs: figures as JSON, learning curves as a
picture.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from edgel3_deploy import schemas
from edgel3_deploy.compress.specialize import Request, Specialized

_CURVES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("training loss", "log", {"loss": "loss"}),
    (
        "cosine to the teacher, held out",
        "linear",
        {"cosine_median": "median", "cosine_p5": "5th percentile"},
    ),
    ("squared error over variance, held out", "log", {"relative_mse": "relative MSE"}),
)
"""Title, scale of the vertical axis, and the measurements that are drawn with their labels."""


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
            "huber": request.huber,
            "seed": request.seed,
            "start": request.start.name if request.start is not None else None,
        },
        "trained_on": list(result.trained_on),
        "held_out": list(result.held_out),
        "closeness": result.closeness.to_json(),
        "untrained": result.untrained.to_json(),
        "mean_embedding": result.constant.to_json(),
        "filter_cosines": dict(result.filter_cosines),
        "explained_variance": result.projection.explained if result.projection is not None else None,
        "history": [dict(entry) for entry in result.history],
        "warnings": list(warnings),
    }
    return schemas.file_bytes("specialize", content)


def learning_curves(request: Request, result: Specialized) -> bytes:
    """The history as a PNG: loss, cosine and relative error over windows seen.

    A dashed line marks where the matching of block outputs ends, which lowers the loss; a dotted one what
    always giving the mean embedding would reach.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import AutoLocator, EngFormatter, NullLocator, StrMethodFormatter

    recipe = request.recipe
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{result.network.name}, distilled from {request.teacher.name}")
    windows = [entry["step"] * recipe.batch_size for entry in result.history]
    for axis, (title, scale, curves) in zip(figure.subplots(1, len(_CURVES)), _CURVES, strict=True):
        for key, label in curves.items():
            axis.plot(windows, [entry[key] for entry in result.history], ".-", label=label)
        if "cosine_median" in curves:
            mean = result.constant.cosine_median
            axis.axhline(mean, color="gray", ls=":", label="median of the mean embedding")
        if "loss" in curves and request.map_weight > 0:
            axis.axvline(
                recipe.maps_until * recipe.windows,
                color="gray",
                ls="--",
                label="block outputs matched until here",
            )
        axis.set(xlabel="windows seen", title=title, yscale=scale)
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.yaxis.set_major_locator(AutoLocator())
        axis.yaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.grid(alpha=0.3)
        if len(axis.lines) > 1:
            axis.legend(fontsize="small")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()
