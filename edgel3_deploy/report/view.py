"""What the report shows: rows, shares and drawings, for pages and texts alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import front_end
from edgel3_deploy.plan.table import rows_table
from edgel3_deploy.report.charts import cosine_chart, embedding_chart, spectrogram_axes, spectrogram_image
from edgel3_deploy.report.json_report import to_json
from edgel3_deploy.report.limits import limits
from edgel3_deploy.report.memory_chart import memory_chart
from edgel3_deploy.report.timing import Timing, timing_of
from edgel3_deploy.validate.result import Example, Report

SHOWN_DIFFERENCES = 20
WORST_WINDOWS = 5
_BODIES = {
    "silicon": "the chip itself",
    "unicorn": "the virtual board (Unicorn)",
    "qemu": "QEMU",
}


def view(report: Report) -> dict[str, Any]:
    """Names and values for the templates of the report."""
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
        "schedule": rows_table(report.schedule),
        "memory": tuple(_memory(report)),
        "memory_chart": memory_chart(report),
        "recordings": tuple(_recordings(report)),
        "differing_windows": len({difference.window for difference in report.differences}),
        "shown_differences": report.differences[:SHOWN_DIFFERENCES],
        "cosines": cosine_chart(report.fidelity.cosines, report.sources) if report.fidelity else None,
        "examples": tuple(_examples(report)),
        "axes": spectrogram_axes(front_end(report.front_end)) if report.front_end else ((), ()),
        "worst": tuple(_worst(report)),
        "modelled": _modelled(report),
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
    for index, (layer, weight) in enumerate(zip(report.layers, weights, strict=True)):
        yield {
            "name": layer.name,
            "operator": layer.operator,
            "shape": " × ".join(str(size) for size in layer.output_shape),
            "macs": layer.macs,
            "counter": layer.counter if measured else None,
            "per_mac": layer.counter / layer.macs if measured and layer.counter and layer.macs else None,
            "share": round(100 * weight / longest, 2),
            "differing": layer.differing_windows,
            "sqnr_db": report.layer_sqnr_db.get(_last(layer.name)),
            "ram": sum(use.size for use in report.memory if use.first <= index <= use.last),
        }


def _last(step: str) -> str:
    """The convolution whose output a step shows, as quantization names it."""
    convolutions = [name for name in step.split(" + ") if name.startswith("conv")]
    return convolutions[-1] if convolutions else step


def _examples(report: Report) -> Iterator[dict[str, Any]]:
    """An ordinary window, and beside it the one farthest from the float network."""
    shown = [("An ordinary window", report.example)]
    if report.worst is not None and not _same(report.worst, report.example):
        shown.append(("The window farthest from the float network", report.worst))
    for title, example in shown:
        yield {
            "title": title,
            "source": example.source,
            "seconds": example.seconds,
            "embedding": embedding_chart(example),
            "spectrogram": spectrogram_image(_decibels(report, example)),
        }


def _decibels(report: Report, example: Example) -> NDArray[np.float32]:
    """What is drawn from -80 to 0: decibels, or the values of an input that has no front end."""
    values = example.spectrogram
    if report.front_end:
        return values
    low, high = float(values.min()), float(values.max())
    scaled: NDArray[np.float32] = (values - low) * np.float32(80 / (high - low or 1)) - np.float32(80)
    return scaled


def _same(a: Example, b: Example) -> bool:
    return (a.source, a.seconds) == (b.source, b.seconds)


def _worst(report: Report) -> Iterator[dict[str, Any]]:
    """The windows with the lowest cosines, lowest first."""
    if report.fidelity is None:
        return
    for window in np.argsort(report.fidelity.cosines, kind="stable")[:WORST_WINDOWS]:
        yield {
            "recording": report.sources[int(report.outputs.source[window])].name,
            "seconds": float(report.outputs.timestamps[window]),
            "cosine": float(report.fidelity.cosines[window]),
        }


def _modelled(report: Report) -> dict[str, float] | None:
    """Instructions and the time between pairs with no miss and one instruction a cycle; nothing measured."""
    if report.modelled is None:
        return None
    kilohertz = report.device.identity.cpu_hz / 1e3
    fast, slow = sorted((report.modelled.cycles / kilohertz, report.modelled.instructions / kilohertz))
    return {"instructions": report.modelled.instructions, "fast_ms": fast, "slow_ms": slow}


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
