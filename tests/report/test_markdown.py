"""report.md: the same facts as text, and nothing from outside that Markdown would obey."""

from __future__ import annotations

import dataclasses

from edgel3_deploy.report.markdown import escape, to_markdown
from edgel3_deploy.validate.result import Calibration, Source
from tests.report.sample import BUILD_ID, SHA, sample_report


def table(text: str, heading: str) -> list[list[str]]:
    """Cells of the table below a heading, header first."""
    lines = text.split(f"## {heading}\n", 1)[1].strip().splitlines()
    rows = [line for line in lines[: next((i for i, x in enumerate(lines) if not x), None)] if line[0] == "|"]
    return [
        [cell.strip() for cell in row.strip("|").split("|")] for row in rows if not row.startswith("|---")
    ]


def test_it_tells_verdict_recordings_layers_and_provenance() -> None:
    text = to_markdown(sample_report(finished="2026-01-02T03:04:05+00:00"))
    assert text.startswith("# sea-64 on STM32F769I-DISCO: pass\n")
    assert "- finished: 2026-01-02T03:04:05+00:00" in text
    rows = table(text, "Recordings")
    assert rows[0] == ["recording", "windows", "windows that differ", "cosine min", "cosine median"]
    assert [row[:3] for row in rows[1:]] == [["one.wav", "3", "0"], ["two.wav", "2", "0"]]
    assert table(text, "Layers")[1] == ["conv1", "Conv2D", "64 × 50 × 32", "921600", "", "yes"]
    assert SHA in text and BUILD_ID in text


def test_what_calibrated_and_was_judged_again_is_said() -> None:
    report = dataclasses.replace(sample_report(), calibration=Calibration("20 recordings", ("one.wav",)))
    assert "calibrated on: 20 recordings (1 of the recordings below took part" in to_markdown(report)


def test_names_are_shown_and_not_obeyed() -> None:
    name = "a|b*c*<img src=x>\n# d`.wav"
    report = sample_report(sources=(Source(name, 0, 3), Source("two.wav", 3, 2)))
    row = next(line for line in to_markdown(report).splitlines() if "img src" in line)
    assert row.startswith(f"| {escape(name)} | 3 |")
    assert escape(name) == r"a\|b\*c\*\<img src=x\> \# d\`.wav"
