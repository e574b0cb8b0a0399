"""How much each layer minds being pruned: one layer at a time, the embedding compared with the whole
network's.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.compress.pruning import prune_filters, prune_weights
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.train.fidelity import Closeness, closeness

FloatArray = NDArray[np.float32]

LEVELS = (50.0, 80.0, 90.0, 95.0, 98.0)


@dataclass(frozen=True)
class Sensitivity:
    """`closeness[layer]` has one entry for each of `levels`, percent of that layer's weights or filters left
    out.
    """

    levels: tuple[float, ...]
    closeness: dict[str, tuple[Closeness, ...]]


def sensitivity(
    network: FloatNetwork,
    spectrograms: FloatArray,
    *,
    structured: bool = False,
    levels: Sequence[float] = LEVELS,
    progress: Progress = silent,
) -> Sensitivity:
    """Prune each convolution alone, by each level, and compare embeddings of `spectrograms`, (n, mel,
    frames) dB.

    With `structured` filters are dropped instead of weights; the last layer, whose filters are the
    embedding, is left out then.
    """
    layers = network.convs[:-1] if structured else network.convs
    targets = forward(network, spectrograms)
    prune = prune_filters if structured else prune_weights
    found: dict[str, tuple[Closeness, ...]] = {}
    for index, conv in enumerate(layers):
        figures = []
        for step, level in enumerate(levels):
            progress("measuring sensitivity", index * len(levels) + step, len(layers) * len(levels))
            plan = [level if other == index else 0.0 for other in range(len(network.convs))]
            figures.append(closeness(forward(prune(network, plan).network, spectrograms), targets))
        found[conv.name] = tuple(figures)
    return Sensitivity(tuple(levels), found)


def sensitivity_plot(result: Sensitivity) -> bytes:
    """A PNG: relative squared error of the embedding over what is left out of one layer."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    for layer, figures in result.closeness.items():
        axis.plot(
            result.levels, [max(entry.relative_mse, 1e-6) for entry in figures], marker="o", label=layer
        )
    axis.set(
        xlabel="left out of one layer (%)",
        ylabel="squared error of the embedding over its variance",
        yscale="log",
        title="Sensitivity to pruning, layer by layer",
    )
    axis.grid(alpha=0.3)
    axis.legend()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()
