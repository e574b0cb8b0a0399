"""report.json: the whole result as plain values under stable keys."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from edgel3_deploy.link.protocol import PROTOCOL_VERSION
from edgel3_deploy.report.memory_chart import memory_held
from edgel3_deploy.report.timing import Timing, timing_of
from edgel3_deploy.validate.metrics import Difference, Fidelity
from edgel3_deploy.validate.result import Device, InputResult, LabelScores, LayerResult, Report

LISTED_DIFFERENCES = 100
_DIGITS = 6


def to_json(report: Report) -> dict[str, Any]:
    """The content of report.json: JSON values only, no NaN or infinity."""
    timing = timing_of(report.device)
    whole = {f"{name}_per_inference": value for name, value in timing.values(report.counter).items()}
    return {
        "verdict": report.verdict,
        "bit_exact": report.bit_exact,
        "windows": report.windows,
        "reference": report.reference,
        "metrics": None if report.fidelity is None else metrics_json(report.fidelity),
        "metrics_note": report.fidelity_note,
        "differences": {
            "count": len(report.differences),
            "windows": len({difference.window for difference in report.differences}),
            "first": [_difference(report, item) for item in report.differences[:LISTED_DIFFERENCES]],
        },
        "input": None if report.inputs is None else _input(report, report.inputs, timing),
        "first_difference": report.first_difference,
        "model": {
            "name": report.model_name,
            "sha256": report.model_sha256,
            "front_end": report.front_end,
        },
        "finished": report.finished or None,
        "calibration": {
            "description": report.calibration.description,
            "judged_again": list(report.calibration.judged_again),
        },
        "device": _device(report.device),
        "timing": {"unit": timing.unit, "meaningful": timing.meaningful, "note": timing.note},
        **whole,
        "modelled": None if report.modelled is None else asdict(report.modelled),
        "layers": [_layer(layer, timing) for layer in report.layers],
        "layer_sqnr_db": {name: round(sqnr, _DIGITS) for name, sqnr in report.layer_sqnr_db.items()},
        "layer_windows": report.layer_windows,
        "layer_note": report.layer_note,
        "schedule": {"note": report.schedule_note, "steps": [asdict(row) for row in report.schedule]},
        "labels": None if report.labels is None else _labels(report, report.labels),
        "recordings": [asdict(source) for source in report.sources],
        "budget": [{"name": row.name, "used": row.used, "limit": row.limit} for row in report.budget],
        "largest_symbols": [asdict(item) for item in report.symbols],
        "memory_over_time": [asdict(use) for use in memory_held(report)],
        "versions": dict(report.tools),
        "warnings": list(report.warnings),
    }


def metrics_json(fidelity: Fidelity) -> dict[str, float | None]:
    """The figures of a comparison with the float network; None stands for infinity (no error at all)."""
    names = ("cosine_min", "cosine_p5", "cosine_median", "sqnr_db", "rmse", "max_abs_error")
    return {name: _finite(getattr(fidelity, name)) for name in names}


def _finite(value: float) -> float | None:
    return round(value, _DIGITS) if math.isfinite(value) else None


def _input(report: Report, inputs: InputResult, timing: Timing) -> dict[str, Any]:
    """From PCM to int8: against the twin, and the twin against float64."""
    return {
        "elements": inputs.elements,
        "differences": {
            "count": len(inputs.differences),
            "first": [_difference(report, item) for item in inputs.differences[:LISTED_DIFFERENCES]],
        },
        "stream": {"windows": inputs.streamed, "begun_anew": inputs.begun_anew},
        "float64": {"differing": inputs.inexact, "largest_steps": inputs.largest},
        **timing.values(inputs.counter),
    }


def _difference(report: Report, difference: Difference) -> dict[str, Any]:
    source = report.sources[int(report.outputs.source[difference.window])]
    seconds = round(float(report.outputs.timestamps[difference.window]), 3)
    return {**asdict(difference), "recording": source.name, "seconds": seconds}


def _device(device: Device) -> dict[str, Any]:
    identity = device.identity
    return {
        "board": identity.board,
        "title": device.board.title,
        "part": device.board.part,
        "kind": device.body,
        "port": device.port,
        "model": identity.model,
        "runtime": identity.runtime,
        "model_sha256": identity.model_sha256.hex(),
        "build_id": identity.build_id.hex(),
        "device_id": identity.device_id,
        "cpu_hz": identity.cpu_hz,
        "protocol_version": PROTOCOL_VERSION,
        "counter_unit": identity.counter_unit.name.lower(),
        "memory": asdict(device.memory),
    }


def _labels(report: Report, labels: LabelScores) -> dict[str, Any]:
    """The labels, and the mean probability of each in every recording."""
    probabilities = (labels.scores.astype(float) + 128) / 256
    means = [
        probabilities[source.first : source.first + source.windows].mean(axis=0) for source in report.sources
    ]
    return {
        "names": list(labels.labels),
        "differing_windows": labels.differing_windows,
        "mean_probabilities": [[round(float(value), _DIGITS) for value in row] for row in means],
    }


def _layer(layer: LayerResult, timing: Timing) -> dict[str, Any]:
    return {
        "name": layer.name,
        "operator": layer.operator,
        "output_shape": list(layer.output_shape),
        "macs": layer.macs,
        "differing_windows": layer.differing_windows,
        **timing.values(layer.counter),
    }
