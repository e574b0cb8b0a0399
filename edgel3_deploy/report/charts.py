"""Geometry of the report's drawings: where things go; how they look is the template's business."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.report.png import heat, png
from edgel3_deploy.validate.result import Example, Source


@dataclass(frozen=True)
class Tick:
    """A labelled position along an axis, in drawing units."""

    position: float
    label: str


@dataclass(frozen=True)
class Band:
    """A stretch of the horizontal axis that belongs to one recording; every other one is shaded."""

    start: float
    width: float
    shaded: bool
    label: str


@dataclass(frozen=True)
class CosineChart:
    """A dot per window: `points` is an SVG path of zero-length strokes in a box of `width` by `height`."""

    width: float
    height: float
    points: str
    ticks: tuple[Tick, ...]
    bands: tuple[Band, ...]
    median: float


@dataclass(frozen=True)
class EmbeddingChart:
    """One window's embeddings, board as `bars`, float as `dots`: SVG paths, box of `width` by `height`."""

    width: float
    height: float
    bars: str
    dots: str
    stroke: float
    ticks: tuple[Tick, ...]


def cosine_chart(
    cosines: NDArray[np.float64], sources: tuple[Source, ...], width: float = 1000, height: float = 220
) -> CosineChart:
    """The cosine of every window in order, on an axis from a round number below the smallest up to 1."""
    low, step = _axis_below_one(float(cosines.min()))
    scale_x = width / len(cosines)

    def y(cosine: float) -> float:
        return round(height * (1 - cosine) / (1 - low), 2)

    points = "".join(f"M{(i + 0.5) * scale_x:.2f} {y(float(c))}h0" for i, c in enumerate(cosines))
    decimals = max(2, -math.floor(math.log10(step)))
    count = round((1 - low) / step)
    ticks = tuple(Tick(y(1 - i * step), f"{1 - i * step:.{decimals}f}") for i in range(count + 1))
    bands = tuple(
        Band(round(s.first * scale_x, 2), round(s.windows * scale_x, 2), index % 2 == 0, s.name)
        for index, s in enumerate(sources)
    )
    return CosineChart(width, height, points, ticks, bands, y(float(np.median(cosines))))


def _axis_below_one(smallest: float) -> tuple[float, float]:
    """Start of the axis and step of its ticks: four steps or fewer of 1, 2 or 5 times a power of ten."""
    span = max(1 - smallest, 1e-6)
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power * 4 >= span)
    return 1 - math.ceil(span / step - 1e-9) * step, step


def embedding_chart(example: Example, width: float = 620, height: float = 270) -> EmbeddingChart:
    """The embedding's elements side by side: the board's as bars, the float network's as dots."""
    board, reference = example.board_embedding, example.float_embedding
    values = board if reference is None else np.concatenate([board, reference])
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    span = (high - low) or 1.0
    slot = width / len(board)

    def y(value: float) -> float:
        return round(height * (high - value) / span, 2)

    def x(index: int) -> float:
        return round((index + 0.5) * slot, 2)

    bars = "".join(f"M{x(i)} {y(0)}V{y(float(v))}" for i, v in enumerate(board))
    dots = "" if reference is None else "".join(f"M{x(i)} {y(float(v))}h0" for i, v in enumerate(reference))
    ticks = tuple(Tick(y(value), f"{value:.3g}") for value in dict.fromkeys((high, 0.0, low)))
    return EmbeddingChart(width, height, bars, dots, round(slot * 0.7, 2), ticks)


def spectrogram_image(spectrogram: NDArray[np.float32]) -> str:
    """Decibels (mel, frames) as a PNG data URI, lowest band at the bottom, -80 dB dark and 0 dB bright."""
    picture = png(heat(spectrogram[::-1] / 80 + 1))
    return "data:image/png;base64," + base64.b64encode(picture).decode()
