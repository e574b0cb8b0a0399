"""The result in a few lines for the console."""

from __future__ import annotations

import math

from edgel3_deploy.report.timing import timing_of
from edgel3_deploy.validate.result import InputResult, LabelScores, Report
from edgel3_deploy.wording import counted

_SHOWN_DIFFERENCES = 5


def summary(report: Report) -> tuple[str, ...]:
    """Lines that say what ran, whether it is bit-exact, how close to the float network, and how fast."""
    device = report.device
    elements = report.outputs.embeddings.size
    recordings = "1 recording" if len(report.sources) == 1 else f"{len(report.sources)} recordings"
    rows = [
        ("board", f"{device.board.title} ({device.identity.board}), {_BODIES[device.body]}"),
        ("model", f"{report.model_name}, runtime {device.identity.runtime}, build {report.build_id[:12]}"),
        ("windows", f"{report.windows:,} of {recordings}"),
        *(() if report.inputs is None else (("input", _input(report.inputs)),)),
        ("outputs", _outputs(report, elements)),
        ("layers", _layers(report)),
        *(() if report.labels is None else (("labels", _labels(report.labels)),)),
        ("float", _fidelity(report)),
        ("speed", _speed(report)),
        (
            "stack",
            f"{device.memory.stack_peak:,} of {device.memory.stack_size:,} bytes used at most",
        ),
    ]
    lines = [f"{name:<8} {text}" for name, text in rows]
    for item in report.differences[:_SHOWN_DIFFERENCES]:
        lines.append(
            f"         window {item.window} element {item.element}: expected {item.expected}, got {item.got}"
        )
    return tuple(lines)


_BODIES = {"silicon": "hardware", "unicorn": "virtual board", "qemu": "QEMU"}


def _input(inputs: InputResult) -> str:
    count, elements = len(inputs.differences), inputs.elements
    exact = f"bit-exact from PCM: all {elements:,} elements equal the front end's twin"
    if count:
        exact = f"NOT bit-exact from PCM: {count:,} of {elements:,} elements differ from the front end's twin"
    steps = "1 step" if inputs.largest == 1 else f"{inputs.largest} steps"
    away = f"{inputs.inexact:,} ({inputs.inexact / elements:.4%}) differ from float64, by {steps} at most"
    return f"{exact}; {away if inputs.inexact else 'none differs from float64'}"


def _outputs(report: Report, elements: int) -> str:
    if report.bit_exact:
        return f"bit-exact: all {elements:,} elements equal {report.reference}'s"
    windows = len({item.window for item in report.differences})
    count = len(report.differences)
    differ = f"{count:,} of {elements:,} elements in {counted(windows, 'window')} differ"
    return f"NOT bit-exact: {differ} from {report.reference}'s"


def _layers(report: Report) -> str:
    compared = [layer for layer in report.layers if layer.differing_windows is not None]
    if not compared:
        return f"not compared ({report.layer_note})"
    wrong = [layer.name for layer in compared if layer.differing_windows]
    if wrong:
        return f"the outputs of {', '.join(wrong)} differ"
    windows = "1 window" if report.layer_windows == 1 else f"{report.layer_windows:,} windows"
    return f"all {len(compared)} layers equal by checksum, in {windows}"


def _labels(labels: LabelScores) -> str:
    if labels.differing_windows:
        return f"NOT bit-exact: scores of {labels.differing_windows:,} windows differ from the head's twin"
    return f"bit-exact: scores of {len(labels.labels)} labels equal the head's twin in every window"


def _fidelity(report: Report) -> str:
    fidelity = report.fidelity
    if fidelity is None:
        return f"not compared: {report.fidelity_note}"
    sqnr = f"{fidelity.sqnr_db:.1f} dB" if math.isfinite(fidelity.sqnr_db) else "without limit"
    return (
        f"cosine min {fidelity.cosine_min:.4f}, median {fidelity.cosine_median:.4f}; SQNR {sqnr}; "
        f"RMSE {fidelity.rmse:.4g}, largest error {fidelity.max_abs_error:.4g}"
    )


def _speed(report: Report) -> str:
    timing = timing_of(report.device)
    if not timing.meaningful:
        return "not measured: the virtual board has no model of time"
    if timing.unit == "instructions":
        return f"{report.counter:,} instructions per inference"
    milliseconds = timing.milliseconds(report.counter)
    return f"{milliseconds:,.2f} ms per inference ({report.counter:,} cycles at {timing.cpu_hz / 1e6:g} MHz)"
