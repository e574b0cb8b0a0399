"""Validate: every window through the board and through the references, compared element by element."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy import __version__
from edgel3_deploy.boards.board import Board
from edgel3_deploy.flash.virtual import VIRTUAL, port_to_run
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.graph.tensors import dequantize, quantize_input
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.port import Port, open_port
from edgel3_deploy.models.forward import forward
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.reference import truth
from edgel3_deploy.toolchain.budget import Usage
from edgel3_deploy.validate.metrics import differences, fidelity
from edgel3_deploy.validate.result import Body, Device, Example, Outputs, Report
from edgel3_deploy.validate.session import BoardRun, greet
from edgel3_deploy.validate.workload import Workload, prepare

if TYPE_CHECKING:
    from edgel3_deploy.build.prepared import PreparedBuild

HOP_SECONDS = 0.1
# With half a window of zeros in front, the first windows of a recording are partly empty.
_EXAMPLE_SECONDS = 0.5
_NO_FLOAT_NETWORK = "the build was made from a .tflite, so there is no float network to compare with"
_PACKAGES = ("ai-edge-litert", "librosa", "numpy", "tflite-micro")


def validate_build(
    build: PreparedBuild,
    port: str,
    audio: Sequence[Path],
    *,
    hop_seconds: float = HOP_SECONDS,
    limit: int | None = None,
    progress: Progress = silent,
) -> Report:
    """Compare the board's outputs with TFLite Micro's and the float network's, for every window of `audio`.

    `port` is a serial port or "virtual"; without `audio` generated sounds are used; `limit` bounds the
    windows. Raises BadInputError for unusable recordings, LinkError if the board runs another build, fails
    or vanishes.
    """
    workload = prepare(build.network, audio, hop_seconds, limit, progress)
    manifest = build.manifest
    progress("reaching the board")
    with _port_path(build, port) as path, open_port(path, build.board.uart.baudrate) as serial:
        client = Client(serial)
        identity = greet(client, build.board, build.network, manifest.model_sha256, manifest.build_id)
        run = BoardRun(client, build.network)
        compared = _compare(build, workload, run, progress)
        device = Device(build.board, port, _body(build.board, serial), identity, client.memory())
    output = build.network.output
    floats = compared.floats
    return Report(
        device=device,
        model_name=manifest.model_name,
        model_sha256=manifest.model_sha256,
        build_id=manifest.build_id,
        front_end=workload.front_end.name,
        reference=compared.engine,
        layers=run.layers(),
        layer_note="; ".join(run.notes),
        sources=workload.sources,
        outputs=Outputs(
            compared.embeddings, compared.timestamps, compared.source, output.scale, output.zero_point
        ),
        differences=differences(compared.expected, compared.embeddings),
        fidelity=None if floats is None else fidelity(floats, dequantize(output, compared.embeddings)),
        fidelity_note=_NO_FLOAT_NETWORK if floats is None else "",
        counter=int(np.median(run.counters)),
        example=compared.example,
        budget=read_budget(build.directory),
        tools=_tools(manifest.tools),
        warnings=(*manifest.warnings, *workload.warnings),
    )


@dataclass(frozen=True)
class _Compared:
    """All windows in order: int8 (windows, embedding) expected and got, float32 of the float network."""

    engine: str
    expected: NDArray[np.int8]
    embeddings: NDArray[np.int8]
    floats: NDArray[np.float32] | None
    timestamps: NDArray[np.float64]
    source: NDArray[np.int32]
    example: Example


def _compare(build: PreparedBuild, workload: Workload, run: BoardRun, progress: Progress) -> _Compared:
    expected, embeddings, floats, timestamps, source = [], [], [], [], []
    example: Example | None = None
    engine, done = "", 0
    for batch in workload.batches():
        inputs = quantize_input(build.network, batch.spectrograms)
        outputs, engine = truth(build.model, inputs)
        expected.append(outputs)
        if build.float_network is not None:
            floats.append(forward(build.float_network, batch.spectrograms))
        for row, window in enumerate(inputs):
            progress("validating windows", done, workload.windows)
            reference_layers = _layer_outputs(build.network, window) if run.compares_layers else []
            embeddings.append(run.infer(window, reference_layers))
            done += 1
            if example is None and (batch.timestamps[row] >= _EXAMPLE_SECONDS or done == workload.windows):
                example = Example(
                    source=workload.sources[batch.source].name,
                    seconds=float(batch.timestamps[row]),
                    spectrogram=batch.spectrograms[row],
                    board_embedding=dequantize(build.network.output, embeddings[-1]),
                    float_embedding=floats[-1][row] if floats else None,
                )
        timestamps.append(batch.timestamps)
        source.append(np.full(len(inputs), batch.source, np.int32))
    progress("validating windows", done, workload.windows)
    assert example is not None, "a workload has at least one window"
    return _Compared(
        engine=engine,
        expected=np.concatenate(expected),
        embeddings=np.stack(embeddings),
        floats=np.concatenate(floats) if floats else None,
        timestamps=np.concatenate(timestamps),
        source=np.concatenate(source),
        example=example,
    )


def _layer_outputs(network: Network, window: NDArray[np.int8]) -> list[NDArray[np.int8]]:
    """Every layer's output in TFLite Micro's arithmetic, which its own interpreter does not show.

    LiteRT would show them, but its optimized kernels round some values differently.
    """
    outputs: list[NDArray[np.int8]] = []
    for layer in network.layers:
        outputs.append(run_layer(layer, outputs[-1] if outputs else window))
    return outputs


@contextmanager
def _port_path(build: PreparedBuild, port: str) -> Iterator[str]:
    if port != VIRTUAL:
        yield port
        return
    with port_to_run(build.board, build.directory, build.elf) as path:
        yield path


def _body(board: Board, serial: Port) -> Body:
    emulator = board.emulator.kind if board.emulator is not None else None
    if emulator == "qemu":
        return "qemu"
    return "unicorn" if serial.is_pseudo_terminal else "silicon"


def read_budget(folder: Path) -> tuple[Usage, ...]:
    """Flash, RAM and its regions from the build's budget.json; empty if it cannot be read."""
    try:
        content = json.loads((folder / "budget.json").read_bytes())
        rows = {"flash": content["flash"], "RAM": content["ram"], **content["ram"]["regions"]}
        return tuple(Usage(name, int(row["used"]), int(row["limit"])) for name, row in rows.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()


def _tools(build_tools: Mapping[str, str]) -> Mapping[str, str]:
    """Versions of what took part, on the validating host and in the build."""
    versions = {"edgel3-deploy (validation)": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {**versions, **{f"{name} (build)": version for name, version in build_tools.items()}}
