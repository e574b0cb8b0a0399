"""The results as text."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.hot_loops import LoopCycles
from benchmarks.measure import Measurement
from benchmarks.results import Row, common_groups

NOT_AVAILABLE = "-"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Markdown with the first row as the header, the first column to the left and the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = (
        "|"
        + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths))
        + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]])


def ratio_text(baseline: float, value: float) -> str:
    """How many times less than the baseline."""
    return f"{baseline / value:.2f}x"


def engines(rows: Sequence[Row]) -> str:
    """The comparison: ratios are to the first row."""
    first = rows[0]
    header = (
        "engine",
        "instructions",
        "ratio",
        "modelled cycles",
        "ratio",
        "flash",
        "RAM in all",
        "bit-exact",
    )
    lines = [header]
    for row in rows:
        result = row.measurement
        cycles, ratio = NOT_AVAILABLE, NOT_AVAILABLE
        if row.cycles is not None:
            cycles = f"{row.cycles / 1e6:.2f} M"
            if first.cycles is not None:
                ratio = ratio_text(first.cycles, row.cycles)
        lines.append(
            (
                result.variant.name,
                f"{result.instructions:,}",
                ratio_text(first.measurement.instructions, result.instructions),
                cycles,
                ratio,
                f"{result.flash:,}",
                f"{result.ram:,}",
                f"{'yes' if result.exact else 'NO'} ({result.compared})",
            )
        )
    return aligned(lines)


def layers(measurements: Sequence[Measurement]) -> str:
    """Instructions of the steps side by side; layers that an engine runs together are one row for all."""
    shown = [result for result in measurements if result.steps]
    names = [layer.name for layer in shown[0].build.network.layers]
    lines = [("layers", *(result.variant.name for result in shown))]
    for group in common_groups([[step.layers for step in result.steps] for result in shown]):
        sums = [
            sum(step.instructions for step in result.steps if step.layers[-1] in group) for result in shown
        ]
        lines.append((" + ".join(names[index] for index in group), *(f"{total:,}" for total in sums)))
    return aligned(lines)


def hot_loops(loops: Sequence[LoopCycles]) -> str:
    """What the modelled cycles are made of."""
    header = ("loop", "instructions", "cycles", "times", "cycles in all")
    return aligned(
        [
            header,
            *(
                (
                    loop.key.text,
                    f"{loop.cost.instructions}",
                    f"{loop.cost.cycles:.1f}",
                    f"{loop.times:,}",
                    f"{loop.cycles / 1e6:.2f} M",
                )
                for loop in loops
            ),
        ]
    )
