"""From what the user calls a model to an int8 network: located, read, and quantized where it is float."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import UsageError
from edgel3_deploy.fileio import read_file, sha256
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.image.layout import FlashLayout
from edgel3_deploy.models.family import FAMILY
from edgel3_deploy.models.locate import Model, locate
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.pipeline.verdict import refuse_float, refuse_member
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize.fidelity import Fidelity


@dataclass(frozen=True)
class SourceModel:
    """An int8 model and where it came from; the float network and the fidelity where it was quantized here.

    `tflite` is the file as `normal_model` gives it.

    `inputs` goes into the manifest: what the model is made from, by name and hash. `recordings` has the
    SHA-256 of those that calibrated, `layer_sqnr_db` the signal-to-noise ratio behind each convolution on
    them.
    """

    network: Network
    tflite: bytes
    float_network: FloatNetwork | None
    fidelity: Fidelity | None
    warnings: tuple[str, ...]
    inputs: Mapping[str, str]
    recordings: tuple[str, ...] = ()
    layer_sqnr_db: Mapping[str, float] = field(default_factory=dict)


def take_model(
    model: str,
    calibration: Sequence[Path],
    board: Board,
    layout: FlashLayout | None = None,
    *,
    progress: Progress = silent,
) -> SourceModel:
    """Locate `model`, quantize it if it is float, and read its graph.

    A model whose shape alone cannot fit `board` is refused before its weights are needed or quantized;
    `layout` says how much flash it may take, by default the board's usual one.
    Raises OverBudgetError; BadInputError or UsageError for models and audio that cannot be used.
    """
    from edgel3_deploy.models.weights import read_weights
    from edgel3_deploy.reference.accept import read_network_file

    known = next((member for member in FAMILY if member.name == model), None)
    if known is not None:
        refuse_member(known, board, layout)
    located = locate(model)
    if located.kind == "weights":
        progress("reading weights")
        weights = read_weights(located.path)
        refuse_float(weights, board, layout)
        return _quantized(located, weights, calibration, progress)
    if calibration:
        raise UsageError(
            f"{model} is quantized already: --calibration would have no effect",
            "Leave out --calibration, or give the float weights.",
        )
    network, content = read_network_file(located.path, located.name)
    return SourceModel(
        network=network,
        tflite=content,
        float_network=None,
        fidelity=None,
        warnings=network.warnings,
        inputs={
            "model": located.name,
            "kind": "tflite",
            "sha256": sha256(read_file(located.path, "a .tflite model")),
        },
    )


def _quantized(
    located: Model, network: FloatNetwork, calibration: Sequence[Path], progress: Progress
) -> SourceModel:
    from edgel3_deploy.graph.reader import read_network
    from edgel3_deploy.quantize.quantize import quantize

    quantized = quantize(network, calibration=calibration, progress=progress)
    return SourceModel(
        network=read_network(quantized.tflite, name=located.name),
        tflite=quantized.tflite,
        float_network=network,
        fidelity=quantized.fidelity,
        warnings=quantized.warnings,
        inputs={
            "model": located.name,
            "kind": "weights",
            "sha256": sha256(read_file(located.path, "a weight file")),
            "calibration": quantized.calibration,
        },
        recordings=quantized.recordings,
        layer_sqnr_db={name: sqnr for name, sqnr in quantized.layer_sqnr_db if math.isfinite(sqnr)},
    )
