"""One engine, one model: build the image, run it in QEMU, count instructions, and compare every output."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.models import Model, input_window
from benchmarks.variants import Variant
from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import LinkError
from edgel3_deploy.flash.virtual import port_to_run
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.link.probe import session
from edgel3_deploy.link.protocol import CounterUnit
from edgel3_deploy.pipeline.builder import BuildRequest, build
from edgel3_deploy.pipeline.prepared import PreparedBuild, load_build
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.reference import truth
from edgel3_deploy.validate.host import layer_outputs
from edgel3_deploy.validate.session import BoardRun, greet

BOARD = "mps2-an500"
TFLM_ROOT = "TFLM_ROOT"


@dataclass(frozen=True)
class StepCount:
    """A step that an image reports: the indices of its layers, their names, and its instructions."""

    layers: tuple[int, ...]
    name: str
    instructions: int


@dataclass(frozen=True)
class Measurement:
    """One inference: `instructions` as QEMU counted them; `flash` and `ram` are bytes of the whole image.

    `steps` is empty where the engine hides its layers. `exact` says whether the output and that of every step
    that is shown equal the reference's; `compared` names what that was.
    """

    variant: Variant
    model: Model
    instructions: int
    flash: int
    ram: int
    exact: bool
    compared: str
    steps: tuple[StepCount, ...]
    build: PreparedBuild


def tflm_root() -> Path | None:
    """The checkout that the environment names."""
    named = os.environ.get(TFLM_ROOT, "")
    return Path(named) if named else None


def measure(
    model: Model, variant: Variant, folder: Path, *, board: Board | None = None, progress: Progress = silent
) -> Measurement:
    """Build into `folder` for `board`, by default BOARD, and run.

    Raises what building and running raise, LinkError if nothing counts.
    """
    output = folder / f"{model.member}-{model.weights.split()[0]}-{variant.slug}"
    request = BuildRequest(
        board=board or load_board(BOARD),
        model=model.source,
        output=output,
        runtime=variant.runtime,
        optimize=variant.optimize,
        ram_limit=variant.ram_limit,
        tflm_root=tflm_root() if variant.runtime == "tflm" else None,
        front_end=variant.front_end,
    )
    result = build(request, progress=progress)
    prepared = load_build(output)
    budget = result.budget
    assert budget is not None  # load_build accepts only linked builds
    progress("running")
    expected = _expected(model, prepared.model)
    run, output_exact = _run(prepared, expected)
    layers = run.layers()
    shown = [layer for layer in layers if layer.differing_windows is not None]
    steps = tuple(
        StepCount(indices, layer.name, layer.counter)
        for indices, layer in zip(prepared.manifest.steps, layers, strict=True)
        if layer.counter is not None
    )
    return Measurement(
        variant=variant,
        model=model,
        instructions=run.counters[-1],
        flash=budget.flash.used,
        ram=budget.ram.used,
        exact=output_exact and not any(layer.differing_windows for layer in shown),
        compared=f"output and {len(shown)} steps" if shown else "output",
        steps=steps,
        build=prepared,
    )


@dataclass(frozen=True)
class _Expected:
    """An input with TFLite Micro's output for it and every layer's."""

    window: NDArray[np.int8]
    output: NDArray[np.int8]
    layers: list[NDArray[np.int8]]


@cache
def _expected(model: Model, tflite: bytes) -> _Expected:
    network = read_network(tflite)
    window = input_window(model, network)
    outputs, _ = truth(tflite, window[np.newaxis])
    return _Expected(window, outputs[0], layer_outputs(network, window))


def _run(build: PreparedBuild, expected: _Expected) -> tuple[BoardRun, bool]:
    """One inference on the virtual board, and whether its output is the expected one."""
    with (
        port_to_run(build.board, build.directory, build.elf) as path,
        session(build.board, path) as found,
    ):
        identity = greet(found, build.board, build.network, build.manifest)
        if identity.counter_unit != CounterUnit.INSTRUCTIONS:
            raise LinkError(f"{build.board.name} does not count instructions")
        run = BoardRun(found.client, build.network, build.manifest.steps, build.manifest.orders)
        output = run.infer(expected.window)
        run.compare_layers(expected.layers)
    return run, np.array_equal(output, expected.output)
