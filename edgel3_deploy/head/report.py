"""The head's own page: what it was trained on and how well it labels, with pictures."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from edgel3_deploy.head.file import HeadFile
from edgel3_deploy.head.metrics import Metrics
from edgel3_deploy.templating import template_environment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATE = "head_report.html.j2"


def head_html(head: HeadFile, metrics: Metrics, rows: list[dict[str, Any]]) -> str:
    """A self-contained page. `rows` are named figures: kind of head and embeddings, and its Metrics."""
    sizes = (head.network.input.size, *(layer.output.size for layer in head.network.layers))
    return (
        template_environment(escape_html=True)
        .get_template(TEMPLATE)
        .render(
            head=head,
            metrics=metrics,
            rows=rows,
            shape=" x ".join(map(str, sizes)),
            confusion=_data_uri(confusion_picture(head.labels, metrics, head.exclusive)),
            calibration=_data_uri(calibration_picture(metrics)),
        )
    )


def confusion_picture(labels: tuple[str, ...], metrics: Metrics, exclusive: bool) -> bytes:
    """The confusion matrix as a PNG: shares of each true label, with the counts written in."""
    counts = np.array(metrics.confusion)
    side = 2.2 + 0.42 * len(labels)
    figure = _figure(side + 1.2, side)
    axis = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    columns = labels if exclusive else ("rightly not", "wrongly", "missed", "found")
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal" if exclusive else "auto")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            ink = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, str(count), ha="center", va="center", color=ink, fontsize=8)
    axis.set_xticks(range(len(columns)), columns, rotation=60, ha="right", fontsize=8)
    axis.set_yticks(range(len(labels)), labels, fontsize=8)
    axis.set(xlabel="found", ylabel="true")
    return _png(figure)


def calibration_picture(metrics: Metrics) -> bytes:
    """The calibration curve as a PNG: what share was true of what was said with a probability."""
    figure = _figure(4.6, 4.2)
    axis = figure.subplots()
    said, true, counts = zip(*metrics.calibration, strict=True)
    axis.plot([0, 1], [0, 1], color="gray", ls=":", label="perfect")
    axis.plot(said, true, ".-", label="this head")
    for x, y, count in zip(said, true, counts, strict=True):
        axis.annotate(str(count), (x, y), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axis.set(xlabel="probability", ylabel="share that was true", xlim=(0, 1), ylim=(0, 1))
    axis.legend(fontsize="small")
    axis.grid(alpha=0.3)
    return _png(figure)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    # Without the version of matplotlib, so that the same result gives the same page.
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": "edgel3-deploy"})
    return stream.getvalue()


def _data_uri(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()
