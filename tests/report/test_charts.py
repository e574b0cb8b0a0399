"""Drawings put values where they belong."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.report.charts import cosine_chart, embedding_chart, spectrogram_image
from edgel3_deploy.validate.result import Example, Source


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"M([\d.]+) ([\d.]+)h0", path)]


def test_one_is_at_the_top_and_the_axis_ends_on_a_round_number() -> None:
    chart = cosine_chart(
        np.array([1.0, 0.9931]), (Source("a", 0, 1), Source("b", 1, 1)), width=100, height=80
    )
    assert [tick.label for tick in chart.ticks] == ["1.000", "0.998", "0.996", "0.994", "0.992"]
    assert points(chart.points)[0] == (25.0, 0.0)
    assert points(chart.points)[1][1] == pytest.approx(80 * 0.0069 / 0.008, abs=0.01)
    assert [(band.start, band.width, band.shaded) for band in chart.bands] == [(0, 50, True), (50, 50, False)]


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_every_window_is_a_dot_inside_the_box(cosines: list[float]) -> None:
    chart = cosine_chart(np.array(cosines), (Source("a", 0, len(cosines)),))
    found = points(chart.points)
    assert len(found) == len(cosines)
    assert all(0 <= x <= chart.width and 0 <= y <= chart.height + 0.01 for x, y in found)
    assert 2 <= len(chart.ticks) <= 6
    assert chart.ticks[0].position == 0


def test_the_embedding_has_a_bar_and_a_dot_per_element() -> None:
    example = Example(
        "a", 0.5, np.zeros((2, 2), np.float32), np.array([4, -1, 0], np.float32), np.ones(3, np.float32)
    )
    chart = embedding_chart(example, width=30, height=50)
    assert re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", chart.bars) == [
        ("5.0", "40.0", "0.0"),
        ("15.0", "40.0", "50.0"),
        ("25.0", "40.0", "40.0"),
    ]
    assert points(chart.dots) == [(5, 30), (15, 30), (25, 30)]
    assert [tick.label for tick in chart.ticks] == ["4", "0", "-1"]


def test_the_spectrogram_is_a_png_with_the_lowest_band_at_the_bottom() -> None:
    from matplotlib.image import imread

    spectrogram = np.full((4, 3), -80, np.float32)
    spectrogram[0] = 0
    uri = spectrogram_image(spectrogram)
    prefix = "data:image/png;base64,"
    assert uri.startswith(prefix)
    import io

    pixels = imread(io.BytesIO(base64.b64decode(uri[len(prefix) :])), format="png")
    assert pixels.shape[:2] == (4, 3)
    assert pixels[3, 0, :3].sum() > 2
    assert pixels[0, 0, :3].sum() < 0.1
