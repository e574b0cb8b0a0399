"""What a board can run: variants side by side, by size, work and fidelity."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import front_end, log_mel
from edgel3_deploy.boards.board import Board
from edgel3_deploy.compress.pruning import DEPTHS, PLANS, WIDTH_PLANS, cut_depth, prune_filters, prune_weights
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.models.family import FAMILY
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.locate import default_model, find_weights, locate
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.plan.estimate import Estimate, estimate_network
from edgel3_deploy.plan.fitting import weights_exceed
from edgel3_deploy.plan.goal import GOALS, Goal
from edgel3_deploy.plan.option import Option
from edgel3_deploy.plan.search import options
from edgel3_deploy.plan.skeleton import float_skeleton, skeleton
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize import Fidelity, quantize
from edgel3_deploy.quantize.embed import int8_embeddings
from edgel3_deploy.quantize.fidelity import measure
from edgel3_deploy.reference.accept import read_network_file

_SPARSE_ALREADY = 0.3
"""Share of zeros from which a model counts as pruned: it is not pruned once more."""


@dataclass(frozen=True)
class Variant:
    """One row: bytes of flash and RAM by the static estimate, modelled instructions of one inference.

    `nonzeros` counts the weights of all kernels that are not zero, `sparsity` is the share of the others.
    `optimize` is the goal of the native runtime's schedule; "-" where none fits, with the least that would be
    needed. `fidelity` compares int8 with the variant's own float network on recordings that did not calibrate
    it; None without weights or recordings. It says nothing about how well the float network embeds sound.
    """

    name: str
    optimize: str
    embedding: int
    nonzeros: int
    sparsity: float
    flash: int
    ram: int
    verdict: str
    instructions: int
    fidelity: Fidelity | None

    def to_json(self) -> dict[str, Any]:
        """The row by column name."""
        return asdict(self)


@dataclass(frozen=True)
class _Target:
    """What variants are planned for: a board and a limit of RAM."""

    board: Board
    ram_limit: int | None

    def search(self, network: Network) -> tuple[Option, ...] | None:
        """The options of a network, for all goals; None where its weights alone are too many."""
        if weights_exceed(network, self.board, flash_layout(self.board)):
            return None
        return options(network)

    def judge(
        self, network: Network, goal: Goal = "balanced", found: tuple[Option, ...] | None = None
    ) -> Estimate:
        """The estimate of a network for a goal; `found` are its options where they are known."""
        return estimate_network(network, self.board, goal, found, ram_limit=self.ram_limit, instead=False)


def explore(
    board: Board,
    models: Sequence[str] = (),
    recordings: Sequence[Path] = (),
    progress: Progress = silent,
    ram_limit: int | None = None,
) -> tuple[Variant, ...]:
    """Variants of `models` for `board`, and the other members of the family by their shape alone.

    `models` are family names, "bundled" or paths; without any, the weights of the family that are at hand, or
    the bundled model. Float models also come pruned by the published plans, cut short and with half the
    filters. Every other one of `recordings` (files) calibrates, the rest judges; with fewer than two nothing
    is quantized and there is no fidelity. `ram_limit` bounds all RAM of an image, in bytes. Raises
    BadInputError or UsageError for models and recordings that cannot be used.
    """
    target = _Target(board, ram_limit)
    chosen = [locate(model) for model in models or _at_hand()]
    rows: list[Variant] = []
    for model in chosen:
        if model.kind == "weights":
            network = replace(read_weights(model.path), name=model.name)
            rows.extend(_made_smaller(network, target, recordings, progress))
        else:
            progress(f"planning {model.name}")
            rows.extend(_rows(model.name, read_network_file(model.path, model.name)[0], target, None))
    names = [_shape_name(model.name) for model in chosen]
    for member in FAMILY:
        name = _shape_name(member.name)
        if name not in names:
            names.append(name)
            progress(f"planning {name}")
            rows.extend(_rows(name, skeleton(member), target, None))
    return tuple(rows)


def _at_hand() -> tuple[str, ...]:
    found = tuple(member.name for member in FAMILY if find_weights(member) is not None)
    return found or (default_model(),)


def _shape_name(name: str) -> str:
    """Members that differ in how they were trained have one shape: sparse-ft-95.45 is sparse-*-95.45."""
    return re.sub(r"^sparse-(ft|kd)-", "sparse-*-", name)


def _made_smaller(
    network: FloatNetwork, target: _Target, recordings: Sequence[Path], progress: Progress
) -> Iterator[Variant]:
    """The network, the same with fewer weights, its shorter versions, and the one with half the filters.

    The last is not quantized: before it has learned again (`prune --finetune`) its fidelity means nothing.
    """
    shorter = [
        replace(cut_depth(network, depth).network, name=f"{network.name} {depth}")
        for depth, convs in DEPTHS.items()
        if convs < len(network.convs)
    ]
    for variant in (network, *_pruned(network), *shorter):
        yield from _measured(variant, target, recordings, progress)
    plan = WIDTH_PLANS["half"]
    if len(plan) == len(network.convs):
        name = f"{network.name} half"
        progress(f"planning {name}")
        yield from _rows(name, float_skeleton(prune_filters(network, plan).network), target, None)


def _pruned(network: FloatNetwork) -> Iterator[FloatNetwork]:
    """The network pruned by each published plan, before recovery; none of one that is sparse already."""
    weights = [conv.weights for conv in network.convs]
    zeros = sum(np.count_nonzero(kernel == 0) for kernel in weights)
    if zeros < _SPARSE_ALREADY * sum(kernel.size for kernel in weights):
        for name, plan in PLANS.items():
            if len(plan) == len(weights):
                yield replace(prune_weights(network, plan).network, name=f"{network.name} sparse {name}")


def _measured(
    variant: FloatNetwork, target: _Target, recordings: Sequence[Path], progress: Progress
) -> tuple[Variant, ...]:
    """The rows of a float network, with fidelity if it fits and there are recordings to judge by."""

    def shown(stage: str, done: int = 0, total: int = 0) -> None:
        progress(f"{variant.name}: {stage}", done, total)

    shown("planning")
    shape = float_skeleton(variant)
    if len(recordings) < 2 or target.judge(shape).verdict != "fits":
        return _rows(variant.name, shape, target, None)
    shown("reading recordings")
    judging = _spectrograms(variant, recordings[1::2])
    model = quantize(variant, calibration=recordings[::2], progress=shown)
    shown("judging")
    int8 = read_network(model.tflite, name=variant.name)
    fidelity = measure(forward(variant, judging), int8_embeddings(int8, judging))
    return _rows(variant.name, int8, target, fidelity)


def _spectrograms(network: FloatNetwork, recordings: Sequence[Path]) -> NDArray[np.float32]:
    """All windows of the recordings in dB, (n, mel, frames), cut as `validate` cuts them."""
    from edgel3_deploy.audio.clips import load_clip, windows

    sizes = front_end(network.front_end)
    cut = [windows(load_clip(path, sizes), sizes)[0] for path in recordings]
    return np.stack([log_mel(window, sizes) for pieces in cut for window in pieces])


def _rows(name: str, network: Network, target: _Target, fidelity: Fidelity | None) -> tuple[Variant, ...]:
    """A row for each goal; a single one if the network does not fit."""
    found = target.search(network)
    balanced = target.judge(network, found=found)
    if balanced.verdict != "fits":
        return (_row(name, "-", balanced, network, fidelity),)
    return tuple(
        _row(
            name,
            goal,
            balanced if goal == "balanced" else target.judge(network, goal, found),
            network,
            fidelity,
        )
        for goal in GOALS
    )


def _row(name: str, goal: str, found: Estimate, network: Network, fidelity: Fidelity | None) -> Variant:
    kernels = [layer.weights for layer in network.layers if isinstance(layer, Conv2D | FullyConnected)]
    nonzeros = sum(int(np.count_nonzero(kernel)) for kernel in kernels)
    return Variant(
        name,
        goal,
        network.output.size,
        nonzeros,
        1 - nonzeros / max(sum(kernel.size for kernel in kernels), 1),
        found.flash_used,
        found.ram_used,
        found.verdict,
        sum(row.instructions or 0 for row in found.layers),
        fidelity,
    )
