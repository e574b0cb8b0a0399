"""The numbers of docs/front-end.md that follow from others."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgel3_deploy.audio.front_end_tables import DECIBELS_PER_OCTAVE, front_end_tables
from edgel3_deploy.audio.frontend import L3, SEA
from edgel3_deploy.plan.front_end import front_end_bytes

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "front-end.md").read_text()


def _row(name: str) -> list[int]:
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {name} |")]
    return [int(cell.replace(",", "")) for cell in line.strip("| ").split("|")[1:]]


def test_sizes_of_windows() -> None:
    assert _row("zeros in front of a window, and behind it") == [
        front_end_tables(sizes).padding for sizes in (SEA, L3)
    ]
    assert _row("frames of a window") == [sizes.frames for sizes in (SEA, L3)]


def test_bytes_are_the_sum_of_their_parts() -> None:
    """All but counters and maxima."""
    forms = ((SEA, True), (L3, True), (L3, False))
    parts = ["samples that are kept", "levels", "frame and points"]
    for column, (sizes, streams) in enumerate(forms):
        whole = _row("all, with counters and maxima")[column]
        assert whole == front_end_bytes(sizes, streams=streams)
        inner = {SEA: 44 * 4, L3: 189 * 2 + 2}[sizes]
        assert whole - sum(_row(name)[column] for name in parts) == (16 + inner if streams else 20)


def test_levels_fit_their_types() -> None:
    for sizes, octaves in ((SEA, 48), (L3, 50)):
        tables = front_end_tables(sizes)
        assert np.log2(32768.0 * sizes.n_fft / 2) * 2 == octaves
        assert (tables.norm < 0).all()
        assert octaves + np.log2(100) < 58
        assert -37 < tables.floor / 2**24 < -36.4
        assert np.diff(tables.ends, prepend=1).max() <= 50
    assert 58 * 2**9 < 2**15
    assert round(DECIBELS_PER_OCTAVE, 3) == 1.505
