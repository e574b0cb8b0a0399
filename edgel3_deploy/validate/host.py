"""The host's half of a validation: the int8 inputs, and what should come out of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import front_end
from edgel3_deploy.embedding.board import board_inputs
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.graph.tensors import quantize_input
from edgel3_deploy.models.forward import forward
from edgel3_deploy.reference.worker import TruthWorker
from edgel3_deploy.validate.workload import Batch, Workload

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.prepared import PreparedBuild


@dataclass(frozen=True)
class Expectation:
    """A batch as the board gets it, and the results it should give.

    `inputs` int8 (n, mel, frames, 1), of PCM in the arithmetic of the board's front end if it has one, and
    `exact_inputs` the same in float64, else None; `outputs` int8 (n, embedding) by `engine`; `floats` float32
    (n, embedding) by the float network, None if the build has none.
    """

    batch: Batch
    inputs: NDArray[np.int8]
    exact_inputs: NDArray[np.int8] | None
    outputs: NDArray[np.int8]
    engine: str
    floats: NDArray[np.float32] | None


def expectations(build: PreparedBuild, workload: Workload) -> Iterator[Expectation]:
    """All batches in order, each computed while the board is busy with the one before it."""
    # The worker goes first: without it a computation that nobody waits for any more ends at once.
    with ThreadPoolExecutor(max_workers=1) as pool, TruthWorker(build.model) as worker:
        ahead: Future[Expectation] | None = None
        for batch in workload.batches():
            following = pool.submit(_expect, build, worker, batch)
            if ahead is not None:
                yield ahead.result()
            ahead = following
        if ahead is not None:
            yield ahead.result()


def layer_outputs(network: Network, window: NDArray[np.int8]) -> list[NDArray[np.int8]]:
    """Every layer's output in TFLite Micro's arithmetic, which its own interpreter does not show."""
    outputs: list[NDArray[np.int8]] = []
    for layer in network.layers:
        outputs.append(run_layer(layer, outputs[-1] if outputs else window))
    return outputs


def _expect(build: PreparedBuild, worker: TruthWorker, batch: Batch) -> Expectation:
    if batch.inputs is not None:
        outputs, engine = worker.truth(batch.inputs)
        return Expectation(batch, batch.inputs, None, outputs, engine, None)
    exact = inputs = quantize_input(build.network, batch.spectrograms)
    if batch.pcm is not None:
        inputs = board_inputs(build.network, front_end(build.manifest.front_end), batch.pcm)
    outputs, engine = worker.truth(inputs)
    floats = None if build.float_network is None else forward(build.float_network, batch.spectrograms)
    return Expectation(batch, inputs, None if batch.pcm is None else exact, outputs, engine, floats)
