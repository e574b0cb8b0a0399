"""report.html: one self-contained page that a person can read, print and keep."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from edgel3_deploy.html import html_environment
from edgel3_deploy.report.charts import cosine_chart, embedding_chart, spectrogram_image
from edgel3_deploy.report.json_report import to_json
from edgel3_deploy.report.limits import limits
from edgel3_deploy.report.memory_chart import memory_chart
from edgel3_deploy.report.timing import Timing, timing_of
from edgel3_deploy.validate.result import Report

TEMPLATE = "report.html.j2"
SHOWN_DIFFERENCES = 20
_BODIES = {
    "silicon": "the chip itself",
    "unicorn": "the virtual board (Unicorn)",
    "qemu": "QEMU",
}


def to_html(report: Report) -> str:
    """The page. All names from outside (files, models, boards, versions) are escaped."""
    environment = html_environment()
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["figures"] = lambda value, digits: f"{value:.{digits}g}"
    return environment.get_template(TEMPLATE).render(_view(report))


def _view(report: Report) -> dict[str, Any]:
    timing = timing_of(report.device)
    return {
        "report": report,
        "json": to_json(report),
        "body": _BODIES[report.device.body],
        "timing": timing,
        "speed": _speed(report, timing),
        "layers": tuple(_layers(report, timing)),
        "macs": sum(layer.macs for layer in report.layers),
        "layers_compared": any(layer.differing_windows is not None for layer in report.layers),
        "layers_equal": not any(layer.differing_windows for layer in report.layers),
        "inputs_differ": report.inputs is not None and bool(report.inputs.differences),
        "memory": tuple(_memory(report)),
        "memory_chart": memory_chart(report),
        "recordings": tuple(_recordings(report)),
        "differing_windows": len({difference.window for difference in report.differences}),
        "shown_differences": report.differences[:SHOWN_DIFFERENCES],
        "cosines": cosine_chart(report.fidelity.cosines, report.sources) if report.fidelity else None,
        "embedding": embedding_chart(report.example),
        "spectrogram": spectrogram_image(report.example.spectrogram),
        "limits": limits(report),
        "isfinite": math.isfinite,
    }


def _speed(report: Report, timing: Timing) -> tuple[str, str]:
    """Figure and unit for the headline."""
    if not timing.meaningful:
        return "—", "no model of time on the virtual board"
    if timing.unit == "instructions":
        return f"{report.counter / 1e6:,.1f} M", "instructions per inference"
    return f"{timing.milliseconds(report.counter):,.1f} ms", f"per inference at {timing.cpu_hz / 1e6:g} MHz"


def _layers(report: Report, timing: Timing) -> Iterator[dict[str, Any]]:
    """Rows of the layer table; `share` is the bar's length in percent of the longest."""
    measured = timing.meaningful and all(layer.counter is not None for layer in report.layers)
    weights = [(layer.counter or 0) if measured else layer.macs for layer in report.layers]
    longest = max([*weights, 1])
    for layer, weight in zip(report.layers, weights, strict=True):
        yield {
            "name": layer.name,
            "operator": layer.operator,
            "shape": " × ".join(str(size) for size in layer.output_shape),
            "macs": layer.macs,
            "counter": layer.counter if measured else None,
            "per_mac": layer.counter / layer.macs if measured and layer.counter and layer.macs else None,
            "share": round(100 * weight / longest, 2),
            "differing": layer.differing_windows,
        }


def _memory(report: Report) -> Iterator[dict[str, Any]]:
    rows = [(row.name, row.used, row.limit) for row in report.budget]
    memory = report.device.memory
    if memory.stack_size:
        rows.append(("stack, deepest use seen", memory.stack_peak, memory.stack_size))
    for name, used, limit in rows:
        percent = 100 * used / limit if limit else 100.0
        yield {"name": name, "used": used, "limit": limit, "percent": round(percent, 1)}


def _recordings(report: Report) -> Iterator[dict[str, Any]]:
    differing = np.zeros(report.windows, bool)
    differing[[difference.window for difference in report.differences]] = True
    for source in report.sources:
        rows = slice(source.first, source.first + source.windows)
        yield {
            "name": source.name,
            "windows": source.windows,
            "differing": int(differing[rows].sum()),
            "cosine_min": float(report.fidelity.cosines[rows].min()) if report.fidelity else None,
            "cosine_median": float(np.median(report.fidelity.cosines[rows])) if report.fidelity else None,
        }
