"""Geometry of the report's drawings: where things go; how they look is the template's business."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import FrontEnd
from edgel3_deploy.report.png import heat, png
from edgel3_deploy.validate.result import Example, Source

_CHARACTER = 7.2
"""Width of a character in drawing units."""


@dataclass(frozen=True)
class Tick:
    """A labelled position along an axis, in drawing units."""

    position: float
    label: str


@dataclass(frozen=True)
class Band:
    """A stretch of the horizontal axis that belongs to one recording; every other one is shaded.

    `mark` is what fits below it: the recording's name, its number counted from 1, or nothing.
    """

    start: float
    width: float
    shaded: bool
    label: str
    mark: str

    @property
    def middle(self) -> float:
        """Where the mark is centred."""
        return round(self.start + self.width / 2, 2)


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
        Band(
            round(s.first * scale_x, 2),
            round(s.windows * scale_x, 2),
            index % 2 == 0,
            s.name,
            _fitting((s.name, str(index + 1)), s.windows * scale_x),
        )
        for index, s in enumerate(sources)
    )
    return CosineChart(width, height, points, ticks, bands, y(float(np.median(cosines))))


def _fitting(texts: tuple[str, ...], width: float) -> str:
    """The first text that is not wider than `width`, else nothing."""
    return next((text for text in texts if len(text) * _CHARACTER < width), "")


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


def spectrogram_axes(facts: FrontEnd) -> tuple[tuple[Tick, ...], tuple[Tick, ...]]:
    """Seconds from the left and frequencies from the top, as parts of the picture's width and height.

    Frequencies are those of the mel bands nearest to round ones (HTK's scale, as the front end's filters).
    """
    seconds = tuple(Tick(part, f"{part:g} s") for part in (0.0, 0.25, 0.5, 0.75, 1.0))
    top = _mel(facts.sample_rate / 2)
    round_hertz = [value for value in _HERTZ if value <= facts.sample_rate / 2]
    hertz = tuple(
        Tick(round(1 - _mel(value) / top, 4), f"{value // 1000} kHz" if value >= 1000 else f"{value} Hz")
        for value in round_hertz
    )
    return seconds, hertz


_HERTZ = (0, 500, 1_000, 2_000, 4_000, 8_000, 16_000)


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)
