"""A network at hand to embed sounds with: the float one, or the int8 one in the board's arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from edgel3_deploy.audio.frontend import FloatArray, FrontEnd, front_end, log_mel
from edgel3_deploy.audio.pcm import to_pcm
from edgel3_deploy.embedding.board import ARITHMETIC, board_inputs
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import sha256
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.models.locate import BUNDLED, Model, default_model, locate
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent

Arithmetic = Literal["float", "board"]
"""How embeddings are computed: in floating point, or as a board computes them, bit by bit."""

_THREADS = 2

ARITHMETICS: tuple[Arithmetic, ...] = ("float", "board")


@dataclass(frozen=True)
class EmbeddingModel:
    """A network with its front end, ready to embed.

    `identity` differs whenever the same sound would give another embedding; `warnings` holds what the user
    should know about the model.
    """

    name: str
    front_end: FrontEnd
    network: FloatNetwork | Network
    identity: str
    warnings: tuple[str, ...] = ()

    @property
    def arithmetic(self) -> Arithmetic:
        """How this model computes."""
        return "float" if isinstance(self.network, FloatNetwork) else "board"

    @property
    def embedding_size(self) -> int:
        """Numbers in an embedding."""
        if isinstance(self.network, FloatNetwork):
            return self.network.embedding
        return int(np.prod(self.network.output.shape))

    def embed(self, windows: FloatArray) -> FloatArray:
        """Embeddings of windows of a second: float32 (n, sample_rate) -> float32 (n, embedding_size).

        In the board's arithmetic the samples are rounded to int16 PCM first.
        """
        if isinstance(self.network, FloatNetwork):
            return _float_embeddings(self.network, self.front_end, windows)
        from edgel3_deploy.quantize.embed import embeddings_of

        return embeddings_of(self.network, board_inputs(self.network, self.front_end, to_pcm(windows)))


def open_model(
    model: str | Path | None = None,
    arithmetic: Arithmetic | None = None,
    calibration: Sequence[Path] = (),
    progress: Progress = silent,
) -> EmbeddingModel:
    """The model that a user names.

    `model` is a family name such as "sea-64", "bundled", or the path of an EdgeL3 .h5, .h5.gz or full-int8
    .tflite; by default sea-64 if it is at hand, else the bundled model. `arithmetic` is "float" (what weights
    have by default) or "board" (what a .tflite has, and nothing else). Weights are quantized for "board" as
    `edgel3-deploy build` does it, with the recordings in `calibration`; the same weights and recordings give
    the board's very model.

    Raises UsageError for a name nobody bears, an unknown arithmetic, float arithmetic of a .tflite, or
    calibration that would have no effect; BadInputError for files that cannot be used.
    """
    if arithmetic not in (None, *ARITHMETICS):
        raise UsageError(f'no arithmetic is called "{arithmetic}"', "Known: float, board.")
    warnings = []
    if model is None:
        model = default_model()
        if model == BUNDLED:
            warnings.append("sea-64 is not on this machine: using the bundled model")
    located = locate(str(model))
    if located.kind == "tflite":
        if arithmetic == "float":
            raise UsageError(
                f"{located.path} is int8 and holds no float weights", "Take board arithmetic, or the weights."
            )
        if calibration:
            raise UsageError(f"{located.path} is quantized already", "Leave out the calibration.")
        return _of_tflite(located)
    if calibration and arithmetic != "board":
        raise UsageError("calibration has no effect on float arithmetic", "Take board arithmetic.")
    from edgel3_deploy.models.archive import fingerprint
    from edgel3_deploy.models.weights import read_weights

    progress("reading weights")
    weights = read_weights(located.path)
    if arithmetic == "board":
        return _quantized(located, weights, calibration, warnings, progress)
    identity = sha256(f"float {fingerprint(weights)}".encode())
    warned = (*warnings, *weights.warnings)
    return EmbeddingModel(located.name, front_end(weights.front_end), weights, identity, warned)


def _quantized(
    located: Model,
    weights: FloatNetwork,
    calibration: Sequence[Path],
    warnings: Sequence[str],
    progress: Progress,
) -> EmbeddingModel:
    from edgel3_deploy.graph.reader import read_network
    from edgel3_deploy.quantize.quantize import quantize

    quantized = quantize(weights, calibration=calibration, progress=progress)
    network = read_network(quantized.tflite, name=located.name)
    warned = (*warnings, *quantized.warnings)
    return _board(located.name, network, quantized.sha256, warned)


def _of_tflite(located: Model) -> EmbeddingModel:
    from edgel3_deploy.reference.accept import read_network_file

    network, content = read_network_file(located.path, located.name)
    return _board(located.name, network, sha256(content), network.warnings)


def _board(name: str, network: Network, digest: str, warnings: tuple[str, ...] = ()) -> EmbeddingModel:
    if not network.front_end:
        raise BadInputError(
            f"no front end gives the input of {name}, {network.input.shape}",
            "Inputs are (64, 50, 1) for sea and (256, 199, 1) for l3.",
        )
    identity = sha256(f"board {ARITHMETIC} {digest}".encode())
    return EmbeddingModel(name, front_end(network.front_end), network, identity, warnings)


def _float_embeddings(network: FloatNetwork, sizes: FrontEnd, windows: FloatArray) -> FloatArray:
    from threadpoolctl import threadpool_limits

    from edgel3_deploy.models.forward import forward

    spectrograms = [log_mel(window, sizes)[np.newaxis] for window in windows]
    # One BLAS thread for each window: several would wait for each other longer than they compute, and the
    # order of sums, so the last bits, would depend on their number.
    with threadpool_limits(1), ThreadPoolExecutor(_THREADS) as pool:
        return np.concatenate(list(pool.map(partial(forward, network), spectrograms)))
