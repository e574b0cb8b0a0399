"""The comparison as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.results import Row, common_groups


def draw(rows: Sequence[Row], path: Path) -> None:
    """Instructions per engine, stacked by layer where the engine shows its layers; format by the suffix."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shown = [row.measurement for row in rows if row.measurement.steps]
    names = [layer.name for layer in rows[0].measurement.build.network.layers]
    groups = common_groups([[step.layers for step in result.steps] for result in shown])
    colours = plt.get_cmap("tab20")
    figure, axes = plt.subplots(figsize=(9, 0.7 * len(rows) + 2), layout="constrained")
    for place, row in enumerate(rows):
        result = row.measurement
        left = 0.0
        for number, group in enumerate(groups if result.steps else ()):
            width = sum(step.instructions for step in result.steps if step.layers[-1] in group) / 1e6
            label = "+".join(names[index] for index in group) if result is shown[0] else None
            axes.barh(place, width, left=left, color=colours(number), label=label)
            left += width
        total = result.instructions / 1e6
        axes.barh(place, total - left, left=left, color="lightgrey")
        ratio = rows[0].measurement.instructions / result.instructions
        axes.text(total, place, f" {total:.1f} M ({ratio:.2f}x)", va="center")
    axes.set_yticks(range(len(rows)), [row.measurement.variant.name for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.25 * max(row.measurement.instructions for row in rows) / 1e6)
    axes.set_xlabel("million instructions per inference (QEMU, mps2-an500)")
    axes.set_title(rows[0].measurement.model.name)
    axes.legend(fontsize="small", loc="lower right")
    figure.savefig(path, dpi=120)
    plt.close(figure)
