"""Memory over time as a picture: steps to the right, bytes upwards, a rectangle for whatever is alive."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from edgel3_deploy.report.charts import Tick
from edgel3_deploy.validate.result import Report

Kind = Literal["map", "ring", "scratch", "maxima", "weights", "stream", "caller", "stack", "data"]
KINDS: dict[Kind, str] = {
    "map": "whole feature maps",
    "ring": "rings: the last rows of a map",
    "scratch": "scratch of the kernel that works",
    "maxima": "running maxima",
    "weights": "weights kept in RAM",
    "stream": "the front end's stream",
    "caller": "input and output",
    "stack": "stack reserved",
    "data": "the firmware's data",
}
_WORDS: tuple[tuple[str, Kind], ...] = (
    ("rows", "ring"),
    ("scratch", "scratch"),
    ("sums", "scratch"),
    ("maxima", "maxima"),
    ("lists", "weights"),
    ("weights", "weights"),
    ("stream", "stream"),
)
"""Words of pipeline.memory's labels, the first of which that occurs says the kind; others are maps."""
_TEXT_HEIGHT, _TEXT_WIDTH = 14.0, 7.0
_GAP = 40.0
_LEAST_HEIGHT = 60.0


@dataclass(frozen=True)
class Held:
    """`size` bytes from `offset` of what the image uses of `region`, alive in steps `first` to `last`."""

    label: str
    kind: Kind
    region: str
    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Box:
    """A rectangle; `text` is what fits into it, perhaps nothing, `title` the whole fact."""

    x: float
    y: float
    width: float
    height: float
    kind: Kind
    text: str
    title: str


@dataclass(frozen=True)
class Panel:
    """A RAM region: its top is the region's end, `ticks` are bytes."""

    name: str
    top: float
    height: float
    note: str
    ticks: tuple[Tick, ...]
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class MemoryChart:
    """The regions one below the other in a box of `width` by `height`; `steps` are labelled at their middle.

    `kinds` are those that occur, for a legend.
    """

    width: float
    height: float
    panels: tuple[Panel, ...]
    steps: tuple[Tick, ...]
    kinds: tuple[tuple[Kind, str], ...]


def memory_held(report: Report) -> tuple[Held, ...]:
    """All RAM that the image uses, by region, from the bottom up: arena, input, output, stack, data.

    Only the arena's offsets are addresses; what follows it is stacked in that order. Empty if the build knows
    of no steps, as for TFLite Micro, whose arena is its own affair.
    """
    if not report.memory:
        return ()
    last = len(report.layers) - 1
    identity, main = report.device.identity, report.device.board.main_ram
    held = [
        Held(use.label, _kind(use.label), use.region, use.offset, use.size, use.first, use.last)
        for use in report.memory
    ]
    for region in report.device.board.ram:
        top = max((use.offset + use.size for use in held if use.region == region.name), default=0)
        used = next((row.used for row in report.budget if row.name == region.name), top)
        fixed: list[tuple[str, Kind, int]] = []
        if region.name == main:
            fixed = [
                ("input", "caller", identity.input_size),
                ("output", "caller", identity.output_size),
                ("stack", "stack", report.device.memory.stack_size),
            ]
        rest = used - top - sum(size for _, _, size in fixed)
        for label, kind, size in (*fixed, ("data", "data", rest)):
            if size > 0:
                held.append(Held(label, kind, region.name, top, size, 0, last))
                top += size
    return tuple(held)


def memory_chart(report: Report, width: float = 1000, height: float = 460) -> MemoryChart | None:
    """The picture of `memory_held`; None if there is nothing to show."""
    held = memory_held(report)
    if not held:
        return None
    names = [layer.name for layer in report.layers]
    slot = width / len(names)
    shown = [region for region in report.device.board.ram if any(use.region == region.name for use in held)]
    scale = height / sum(region.size for region in shown)
    panels: list[Panel] = []
    top = 0.0
    for region in shown:
        uses = [use for use in held if use.region == region.name]
        tall = max(region.size * scale, _LEAST_HEIGHT)
        unit = tall / region.size
        bottom = top + tall
        boxes = tuple(_box(use, names, slot=slot, unit=unit, bottom=bottom) for use in uses)
        ticks = tuple(
            Tick(round(bottom - size * unit, 2), _bytes(size)) for size in _round_sizes(region.size, tall)
        )
        used = max(use.offset + use.size for use in uses)
        note = f"{region.name}: {used:,} of {region.size:,} bytes"
        panels.append(Panel(region.name, round(top, 2), round(tall, 2), note, ticks, boxes))
        top = bottom + _GAP
    return MemoryChart(
        width,
        round(top - _GAP, 2),
        tuple(panels),
        tuple(_labels(names, slot)),
        tuple((kind, text) for kind, text in KINDS.items() if any(use.kind == kind for use in held)),
    )


def _labels(names: list[str], slot: float) -> Iterator[Tick]:
    """Every step's name, or its first layer's, and if they still touch only every second's, third's ..."""
    if _TEXT_WIDTH * max(map(len, names)) > slot:
        names = [name.split(" + ")[0] for name in names]
    every = max(1, math.ceil(_TEXT_WIDTH * max(map(len, names)) / slot))
    for index in range(0, len(names), every):
        yield Tick(round((index + 0.5) * slot, 2), names[index])


def _kind(label: str) -> Kind:
    words = label.split()
    return next((kind for word, kind in _WORDS if word in words), "map")


def _box(use: Held, names: list[str], *, slot: float, unit: float, bottom: float) -> Box:
    x, width, height = use.first * slot, (use.last - use.first + 1) * slot, use.size * unit
    facts = f"{use.label} {use.size:,}"
    fitting = [text for text in (facts, use.label) if len(text) * _TEXT_WIDTH <= width - 4]
    when = names[use.first] if use.first == use.last else f"{names[use.first]} to {names[use.last]}"
    return Box(
        x=round(x, 2),
        y=round(bottom - (use.offset + use.size) * unit, 2),
        width=round(width, 2),
        height=round(height, 2),
        kind=use.kind,
        text=fitting[0] if fitting and height >= _TEXT_HEIGHT else "",
        title=f"{use.label}: {use.size:,} bytes of {use.region}, {when}",
    )


def _round_sizes(size: int, tall: float) -> list[int]:
    """Multiples of a power of two from 0 to `size`, not so many that their labels touch."""
    step = 1024
    while size / step > max(tall / 40, 1):
        step *= 2
    return list(range(0, size + 1, step))


def _bytes(size: int) -> str:
    return f"{size // 1024} K" if size else "0"
