"""What a board can run: variants of the family side by side, by size, work and fidelity."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgel3_deploy.audio.frontend import front_end, log_mel
from edgel3_deploy.boards.board import Board
from edgel3_deploy.compress.pruning import DEPTHS, cut_depth
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.family import FAMILY
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.locate import BUNDLED, bundled_weights, find_weights
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.plan.estimate import Estimate, estimate_network
from edgel3_deploy.plan.skeleton import skeleton
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize import Fidelity, quantize
from edgel3_deploy.quantize.fidelity import measure
from edgel3_deploy.reference.interpreter import run_real


@dataclass(frozen=True)
class Variant:
    """One row: bytes of flash and RAM by the static estimate, modelled instructions of one inference.

    `fidelity` compares int8 with the variant's own float network on recordings that did not calibrate it;
    None without weights. It says nothing about how well the float network embeds sound.
    """

    name: str
    embedding: int
    flash: int
    ram: int
    verdict: str
    instructions: int
    fidelity: Fidelity | None

    def to_json(self) -> dict[str, Any]:
        """The row by column name."""
        return asdict(self)


def explore(board: Board, recordings: Sequence[Path], progress: Progress = silent) -> tuple[Variant, ...]:
    """All variants for `board`: the family, the bundled model, and each model at hand cut short.

    Every other one of `recordings` (files) calibrates, the rest judges; with fewer than two there is no
    fidelity. Raises BadInputError for recordings that cannot be used.
    """
    rows, sparse_shape_seen = [], False
    for member in FAMILY:
        if member.front_end == "l3" and find_weights(member) is None:
            if sparse_shape_seen:
                continue
            sparse_shape_seen = True
        path = find_weights(member)
        if path is None:
            name = "sparse-*, stored dense" if member.front_end == "l3" else member.name
            rows.append(_row(name, skeleton(member), board, None))
        else:
            rows.extend(_measured(read_weights(path), board, recordings, progress))
    bundled = bundled_weights()
    if bundled is not None:
        rows.extend(_measured(replace(read_weights(bundled), name=BUNDLED), board, recordings, progress))
    return tuple(rows)


def _measured(
    network: FloatNetwork, board: Board, recordings: Sequence[Path], progress: Progress
) -> Iterator[Variant]:
    """The network and its shorter versions, quantized."""
    shorter = [replace(cut_depth(network, depth).network, name=f"{network.name} {depth}") for depth in DEPTHS]
    for variant in (network, *shorter):
        progress(f"quantizing {variant.name}")
        model = quantize(variant, calibration=recordings[::2])
        fidelity = _fidelity(variant, model.tflite, recordings[1::2])
        yield _row(variant.name, read_network(model.tflite, name=variant.name), board, fidelity)


def _fidelity(network: FloatNetwork, model: bytes, recordings: Sequence[Path]) -> Fidelity | None:
    from edgel3_deploy.audio.clips import load_clip, windows

    if not recordings:
        return None
    sizes = front_end(network.front_end)
    cut = [windows(load_clip(path, sizes), sizes)[0] for path in recordings]
    decibels = np.stack([log_mel(window, sizes) for pieces in cut for window in pieces])
    real = (network.input_gain * decibels + network.input_offset).astype(np.float32)
    return measure(forward(network, decibels), run_real(model, real[..., np.newaxis]))


def _row(name: str, network: Network, board: Board, fidelity: Fidelity | None) -> Variant:
    found: Estimate = estimate_network(network, board)
    return Variant(
        name,
        network.output.size,
        found.flash_used,
        found.ram_used,
        found.verdict,
        sum(row.instructions or 0 for row in found.layers),
        fidelity,
    )


def explore_plot(variants: Sequence[Variant], board: Board) -> bytes:
    """A PNG: flash over instructions, what fits filled, what does not hollow."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    for row in variants:
        fits = row.verdict == "fits"
        axis.scatter(
            row.instructions / 1e6, row.flash / 1024, color="C0" if fits else "none", edgecolors="C0"
        )
        axis.annotate(f" {row.name}", (row.instructions / 1e6, row.flash / 1024), fontsize=8)
    axis.axhline(board.flash.size / 1024, color="C3", linewidth=1, label=f"flash of {board.name}")
    axis.set(
        xlabel="million instructions an inference (modelled)",
        ylabel="flash (KB)",
        xscale="log",
        yscale="log",
        title=f"Variants on {board.name}: filled ones fit",
    )
    axis.grid(alpha=0.3)
    axis.legend()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()
