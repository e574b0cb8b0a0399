"""Instructions from reset to main(): nearly all of them check the image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.start_time import Start, measure, table


def test_the_check_of_the_image_is_what_a_start_takes(arm_gcc: Path, tmp_path: Path) -> None:
    pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")
    start = measure("stm32f7", tmp_path, 64 * 1024)
    assert 50 * 1024 < start.image < 70 * 1024
    assert 8 * start.image < start.checked < 12 * start.image + 50_000
    assert 0 < start.instructions - start.checked < 100_000
    assert start.within_limits


def test_limits_and_table() -> None:
    start = Start("stm32f7", 9_904, 600_000, 5_400_000, 5_000_000, 216_000_000)
    assert start.seconds == pytest.approx(0.05)
    assert start.within_limits
    assert not replace(start, loader=17_000).within_limits
    assert not replace(start, instructions=60_000_000).within_limits
    assert "5,400,000" in table([start])
    assert "0.050" in table([start])
