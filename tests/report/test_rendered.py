"""report.html as a browser shows it: at a phone's width and a desk's, light, dark and on paper."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.pipeline.manifest import MemoryUse
from edgel3_deploy.plan.table import ScheduleRow
from edgel3_deploy.report.html_report import to_html
from edgel3_deploy.toolchain.budget import Item
from edgel3_deploy.validate.result import Calibration, Modelled, Report, Source
from tests.report.sample import sample_report

LIGHT, DARK = 1, 0
LEAST_CONTRAST = 3.0
LEAST_LETTERS = 8.0
"""Pixels, in charts."""

ASK = """
const page = document.querySelector("iframe").contentDocument;
const wide = page.defaultView.innerWidth;
const colour = (selector, property) => [...page.querySelectorAll(selector)].map(
  (mark) => page.defaultView.getComputedStyle(mark)[property]);
document.title = JSON.stringify({
  width: wide,
  scroll: page.documentElement.scrollWidth,
  outside: [...page.querySelectorAll("main *")].filter(
    (part) => part.getBoundingClientRect().right > wide + 1 && !part.closest(".wide")).map(
    (part) => part.tagName + "." + part.className).slice(0, 5),
  paper: page.defaultView.getComputedStyle(page.body).backgroundColor,
  letters: Math.min(...[...page.querySelectorAll("svg text")].map(
    (text) => text.getScreenCTM().a * parseFloat(page.defaultView.getComputedStyle(text).fontSize))),
  names: Math.max(...[...page.querySelectorAll(".name")].map((name) => name.getBoundingClientRect().width)),
  marks: [].concat(colour(".bar span", "backgroundColor"), colour(".gauge i", "backgroundColor"),
    colour("path.points, path.bars, path.dots, line.median, .memory rect:not(.region)", "stroke")),
});
"""


def full_report() -> Report:
    """A report with all that a page can have, and names as long as they come."""
    report = sample_report(wrong=((2, 5), (4, 1)))
    long = "a_recording_whose_name_has_no_end_" * 4 + ".wav"
    return dataclasses.replace(
        report,
        sources=(Source(long, 0, 3), Source("two.wav", 3, 2)),
        finished="2026-01-02T03:04:05+00:00",
        calibration=Calibration("20 recordings", ("two.wav",)),
        worst=dataclasses.replace(report.example, source="two.wav", seconds=0.1),
        modelled=Modelled(38_900_000, 27_980_000),
        symbols=(Item("weights_of_the_widest_convolution", "flash", 230_000),),
        layer_sqnr_db={"conv1": 40.2},
        memory=(
            MemoryUse("conv1 map", "dtcm", 0, 60_000, 0, 1),
            MemoryUse("conv1 scratch", "dtcm", 60_000, 30_000, 0, 0),
        ),
        schedule=(
            ScheduleRow(
                strip=1,
                step="conv1 + pool1",
                output=(64, 50, 32),
                macs=12_345_678,
                kernel="F(4x4,3x3), 8 tiles",
                lists="",
                instructions=9_876_543,
                cycles=8_765_432,
                constant_bytes=1_234_567,
                rows_kept="4 of 64",
                output_at="dtcm +0x01234",
            ),
        ),
    )


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    return found


def browse(chromium: str, folder: Path, page: Path, *options: str) -> str:
    quiet = [
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet]
    command += [f"--user-data-dir={folder / 'profile'}", *options, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout


def seen(chromium: str, folder: Path, width: int, scheme: int) -> dict[str, Any]:
    """What the page looks like in a frame of that width."""
    frame = folder / "frame.html"
    inside = html.escape(to_html(full_report()), quote=True)
    frame.write_text(
        f'<!doctype html><iframe srcdoc="{inside}" style="width:{width}px;height:900px;border:0"></iframe>'
        f"<script>onload = () => {{ {ASK} }};</script>"
    )
    dom = browse(chromium, folder, frame, "--dump-dom", f"--blink-settings=preferredColorScheme={scheme}")
    title = re.search(r"<title>(\{.*?\})</title>", dom)
    assert title is not None
    found: dict[str, Any] = json.loads(html.unescape(title[1]))
    return found


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_beside_the_screen_and_every_mark_is_seen(
    chromium: str, tmp_path: Path, width: int, scheme: int
) -> None:
    page = seen(chromium, tmp_path, width, scheme)
    assert page["scroll"] <= page["width"]
    assert page["width"] in range(width - 20, width + 1)
    assert page["outside"] == []
    assert page["letters"] >= LEAST_LETTERS
    assert page["names"] < page["width"]
    assert (luminance(page["paper"]) > 0.5) == (scheme == LIGHT)
    assert len(page["marks"]) > 10
    faint = [mark for mark in page["marks"] if contrast(mark, page["paper"]) < LEAST_CONTRAST]
    assert faint == []


def test_it_prints(chromium: str, tmp_path: Path) -> None:
    page, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(to_html(full_report()))
    browse(chromium, tmp_path, page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    content = paper.read_bytes()
    assert content.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 8
