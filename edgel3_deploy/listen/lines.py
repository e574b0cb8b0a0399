"""What was heard, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from edgel3_deploy.link.protocol import CounterUnit
from edgel3_deploy.listen.heard import Event, Heard, Sensor, Summed
from edgel3_deploy.listen.tally import Totals
from edgel3_deploy.wording import counted

_SHOWN_LABELS = 3
SHADES = " ▁▂▃▄▅▆▇█"
ASCII_SHADES = " .:-=+*#@"
_COLUMNS = 32
_SHOWN_STEPS = 128


def event_line(event: Event, *, unicode: bool = True) -> str:
    """A window or a summary in one line."""
    return summary_line(event) if isinstance(event, Summed) else window_line(event, unicode=unicode)


def window_line(heard: Heard, *, unicode: bool = True) -> str:
    """Time, levels, spectrum and the likeliest labels of a window; * is on a label that is on."""
    parts = [f"{heard.seconds:8.1f} s", levels_text(heard), f"|{spectrum(heard, unicode=unicode)}|"]
    if heard.sensor.labels:
        parts.append(labels_text(heard))
    if heard.missed:
        parts.append(f"({heard.missed} windows before this one were missed)")
    if heard.record.gap and heard.record.sequence:
        parts.append("(after a gap)")
    return "  ".join(parts)


def summary_line(summed: Summed) -> str:
    """A summary's sequence, level and size."""
    values = summed.values
    level = "-" if values["laeq"] is None else f"{values['laeq']} dB"
    return (
        f"summary {values['sequence']} of node {values['node_id']}: LAeq {level}, {len(summed.payload)} bytes"
    )


def levels_text(heard: Heard) -> str:
    """LAeq and LAFmax of the last whole second."""
    if heard.levels is None:
        return "LAeq      -  max      - dB"
    return f"LAeq {heard.levels['laeq']:6.1f}  max {heard.levels['lafmax']:6.1f} dB"


def labels_text(heard: Heard) -> str:
    """The likeliest labels of a window; scores of digital silence mean nothing."""
    if heard.is_silent:
        return "digital silence"
    order = sorted(range(len(heard.scores)), key=lambda label: -heard.scores[label])[:_SHOWN_LABELS]
    return ", ".join(
        f"{heard.sensor.labels[label]}{'*' if heard.record.present[label] else ''} {heard.scores[label]:.0%}"
        for label in order
    )


def spectrum(heard: Heard, columns: int = _COLUMNS, *, unicode: bool = True) -> str:
    """The bands from low to high as characters that rise, each for the loudest of its share of the bands.

    They show the upper half of the int8 range, 40 dB, below the window's loudest band; silence is blank.
    """
    shades = SHADES if unicode else ASCII_SHADES
    bands = heard.record.bands
    columns = min(columns, len(bands))
    if heard.is_silent:
        return " " * columns
    floor = max(bands) - _SHOWN_STEPS
    edges = [column * len(bands) // columns for column in range(columns + 1)] if columns else []
    loudest = (max(bands[low:high]) - floor for low, high in pairwise(edges))
    return "".join(shades[max(0, level * (len(shades) - 1) // _SHOWN_STEPS)] for level in loudest)


def sensor_line(sensor: Sensor) -> str:
    """Who is heard."""
    labels = f"{len(sensor.labels)} labels" if sensor.labels else "no labels (built without --head)"
    return (
        f"{sensor.board} on {sensor.port}: {sensor.model}, build {sensor.build_id[:12]}, {labels}, "
        f"a window every {sensor.hop_seconds:g} s"
    )


def total_lines(sensor: Sensor, totals: Totals) -> Iterator[str]:
    """What a session came to."""
    rows = [
        ("heard", f"{counted(totals.windows, 'window')}, {totals.seconds:,.1f} s of sound{_loss(totals)}")
    ]
    if totals.laeq is not None and totals.lafmax is not None:
        rows.append(("level", f"LAeq {totals.laeq:.1f} dB, LAFmax {totals.lafmax:.1f} dB{_clipped(totals)}"))
    if totals.windows_per_second is not None:
        rows.append(("speed", f"{totals.windows_per_second:.2f} windows/s here; {busy_text(sensor, totals)}"))
    if totals.scores:
        rows.append(("labels", _on(totals)))
        rows.append(("answer", _answer(totals)))
    return (f"{name:<8} {text}" for name, text in rows)


def busy_text(sensor: Sensor, totals: Totals) -> str:
    """How much the board computes, in the words that its counter allows."""
    if totals.share is not None:
        return f"the board is busy {totals.share:.1%} of real time"
    if totals.busy is not None and sensor.counter is CounterUnit.INSTRUCTIONS:
        return f"{totals.busy / 1e6:.1f} M instructions a window"
    return "the virtual board has no model of time"


def _loss(totals: Totals) -> str:
    lost = f"; {counted(totals.lost, 'sample')} lost" if totals.lost else "; no sample lost"
    missed = f", {counted(totals.missed, 'window')} missed" if totals.missed else ""
    gaps = f", {counted(totals.gaps, 'gap')}" if totals.gaps else ""
    return lost + missed + gaps


def _clipped(totals: Totals) -> str:
    return f"; {counted(totals.clipped, 'sample')} clipped" if totals.clipped else ""


def _on(totals: Totals) -> str:
    ordered = sorted((name for name in totals.on if totals.on[name]), key=lambda name: -totals.on[name])
    counts = ", ".join(f"{name} in {totals.on[name]:,}" for name in ordered)
    return f"{counts} of {counted(totals.windows, 'window')}" if counts else "none was on in any window"


def _answer(totals: Totals) -> str:
    named = ", ".join(f"{name} {totals.scores[name]:.0%}" for name in totals.answer)
    if named:
        return f"{named}, all windows taken as one clip"
    name = max(totals.scores, key=lambda label: totals.scores[label])
    return f"none, all windows taken as one clip; the likeliest is {name}, {totals.scores[name]:.0%}"
