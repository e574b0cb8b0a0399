"""Pictures are what an independent decoder reads from them."""

from __future__ import annotations

import io

import numpy as np
import pytest

from edgel3_deploy.report.png import heat, png


def test_a_decoder_reads_the_same_pixels() -> None:
    image = pytest.importorskip("matplotlib.image")
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    decoded = image.imread(io.BytesIO(png(pixels)), format="png")
    np.testing.assert_array_equal(np.rint(decoded[..., :3] * 255), pixels)


def test_louder_is_lighter() -> None:
    """By relative luminance, which is what is left on paper."""
    linear = (heat(np.linspace(0, 1, 256)) / 255.0) ** 2.2
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    assert np.all(np.diff(luminance) >= 0)
    assert luminance[0] < 0.001
    assert luminance[-1] > 0.9


def test_levels_beyond_the_ends_take_the_colours_of_the_ends() -> None:
    np.testing.assert_array_equal(heat(np.array([-1.0, 2.0])), heat(np.array([0.0, 1.0])))
