"""What fits a board as a picture."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgel3_deploy.boards.board import Board
from edgel3_deploy.compress.explore import Variant


def explore_plot(variants: Sequence[Variant], board: Board) -> bytes:
    """A PNG of the variants that fit: flash, RAM, weights that are not zero and what int8 costs, over
    instructions; a colour each, a marker for each goal. A line joins those that no other beats in both, and
    names them.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure = Figure(figsize=(13, 9), layout="constrained")
    FigureCanvasAgg(figure)
    fitting = [row for row in variants if row.verdict == "fits"]
    names = list(dict.fromkeys(row.name for row in fitting))
    ram = sum(region.size for region in board.ram)
    for axis, panel in zip(figure.subplots(2, 2).ravel(), _PANELS, strict=True):
        axis.set_xscale("log")
        if panel.is_logarithmic:
            axis.set_yscale("log")
        drawn = [(row, value) for row in fitting if (value := panel.value(row)) is not None]
        if not drawn:
            axis.axis("off")
            continue
        for goal, marker in _MARKERS.items():
            shown = [(row, value) for row, value in drawn if row.optimize == goal]
            axis.scatter(
                [row.instructions / 1e6 for row, _ in shown],
                [value for _, value in shown],
                c=[_color(names.index(row.name)) for row, _ in shown],
                edgecolors=[_edge(names.index(row.name)) for row, _ in shown],
                marker=marker,
            )
        best = pareto([(row.instructions, panel.sign * value) for row, value in drawn])
        line = [(drawn[index][0].instructions / 1e6, drawn[index][1]) for index in best]
        axis.plot(*zip(*line, strict=True), color="black", linewidth=0.8, zorder=0)
        named = ""
        for index, place in zip(best, line, strict=True):
            if drawn[index][0].name != named:
                named = drawn[index][0].name
                axis.annotate(named, place, (4, 5), textcoords="offset points", fontsize=8)
        title = panel.title
        limit = {"flash": board.flash.size, "RAM": ram}.get(panel.title)
        if limit is not None:
            axis.axhline(limit / 1024, color="black", linewidth=1, linestyle="--")
            title = f"{panel.title}; dashed: {limit // 1024:,} KB of {board.name}"
        axis.set(xlabel="million instructions an inference (modelled)", ylabel=panel.unit, title=title)
        for scale in (axis.xaxis, axis.yaxis) if panel.is_logarithmic else (axis.xaxis,):
            scale.set_major_locator(LogLocator(subs=(1, 2, 5)))
            scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            scale.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
    if fitting:
        marks = [
            Line2D(
                [], [], linestyle="", marker=_MARKERS["balanced"], color=_color(n), markeredgecolor=_edge(n)
            )
            for n in range(len(names))
        ]
        figure.legend(marks, names, loc="outside right upper")
    figure.suptitle(f"What fits {board.name}; --optimize " + ", ".join(_MARKER_NAMES))
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def _color(number: int) -> str:
    """Of the variant so numbered: ten colours, then the same with an edge."""
    return f"C{number % 10}"


def _edge(number: int) -> str:
    return "black" if number >= 10 else "none"


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Which points, by rising first value, no other point beats: less is better in both.

    Of equal points the first counts.
    """
    found: list[int] = []
    for index in sorted(range(len(points)), key=lambda index: points[index]):
        if not found or points[index][1] < points[found[-1]][1]:
            found.append(index)
    return found


@dataclass(frozen=True)
class _Panel:
    """`value` is None for a row that has none; `sign` is -1 where more is better."""

    title: str
    unit: str
    value: Callable[[Variant], float | None]
    is_logarithmic: bool = True
    sign: int = 1


_PANELS = (
    _Panel("flash", "KB", lambda row: row.flash / 1024),
    _Panel("RAM", "KB", lambda row: row.ram / 1024),
    _Panel("weights that are not zero", "thousand", lambda row: row.nonzeros / 1000),
    _Panel(
        "int8 against the variant's own float network",
        "SQNR, dB",
        lambda row: row.fidelity.sqnr_db if row.fidelity else None,
        is_logarithmic=False,
        sign=-1,
    ),
)
_MARKERS = {"speed": "^", "balanced": "o", "size": "s"}
_MARKER_NAMES = ("speed: triangle", "balanced: circle", "size: square")
