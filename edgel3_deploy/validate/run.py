"""Validate: every window through the board and through the references, compared element by element."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.tensors import dequantize
from edgel3_deploy.head.network import run_head
from edgel3_deploy.link.answers import MemoryUse
from edgel3_deploy.link.diagnosis import RefusedError
from edgel3_deploy.link.port import is_pseudo_terminal
from edgel3_deploy.link.probe import session
from edgel3_deploy.plan.schedule import Schedule, schedule
from edgel3_deploy.plan.table import schedule_rows
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.validate.console import ConsoleRun
from edgel3_deploy.validate.deadline import run_seconds
from edgel3_deploy.validate.host import Expectation, expectations, layer_outputs
from edgel3_deploy.validate.metrics import Difference, cosines_of, differences, fidelity, saturated
from edgel3_deploy.validate.provenance import calibration_of, largest_symbols, read_budget, versions
from edgel3_deploy.validate.result import (
    Device,
    Example,
    InputResult,
    LabelScores,
    Modelled,
    Outputs,
    Report,
)
from edgel3_deploy.validate.session import BoardRun, body_of, greet, port_path, restart_explained
from edgel3_deploy.validate.trace import first_difference
from edgel3_deploy.validate.workload import Workload, prepare
from edgel3_deploy.wording import counted

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.prepared import PreparedBuild

HOP_SECONDS = 0.1
# With half a window of zeros in front, the first windows of a recording are partly empty.
_EXAMPLE_SECONDS = 0.5
_NAMED = 3
_NO_FLOAT_NETWORK = "the build was made from a .tflite, so there is no float network to compare with"


def validate_build(
    build: PreparedBuild,
    port: str,
    audio: Sequence[Path],
    *,
    hop_seconds: float = HOP_SECONDS,
    limit: int | None = None,
    every_layer: bool = False,
    by_console: bool = False,
    inputs: Path | None = None,
    progress: Progress = silent,
) -> Report:
    """Compare the board's outputs with TFLite Micro's and the float network's, for every window of `audio`.

    A board with a front end gets PCM, and its int8 input is compared with the twin's; others get that input.

    `port` is a serial port, "auto" or "virtual"; without `audio` generated sounds are used; `limit` bounds
    the windows. `inputs` is an .npy that is sent instead; a network without known front end gets generated
    inputs where none are named. Layers are compared in the first window of each recording, with
    `every_layer` in all. `by_console` loads int8 and reads results through MLPerf Tiny's console. Raises
    BadInputError for unusable recordings, LinkError if the board runs another build, fails or vanishes.
    """
    manifest = build.manifest
    as_pcm = bool(manifest.front_end) and inputs is None and not by_console
    # As the model says it, also where the image does without its front end.
    network = read_network(build.model, name=manifest.model_name)
    workload = prepare(network, audio, hop_seconds, limit, progress, as_pcm=as_pcm, inputs=inputs)
    planned = _planned(build)
    progress("reaching the board")
    with port_path(build, port) as path, session(build.board, path) as found:
        client = found.client
        identity = greet(found, build.board, build.network, manifest)
        instructions = planned.instructions if planned else None
        virtual = is_pseudo_terminal(path)
        client.allow_run(run_seconds(build.network, instructions, identity.cpu_hz, virtual=virtual))
        parts = (client, build.network, manifest.steps, manifest.orders)
        labels = 0 if build.head is None else len(build.head.labels)
        run = ConsoleRun(*parts, labels=labels) if by_console else BoardRun(*parts)
        try:
            rows = _compare(build, workload, run, progress, every_layer=every_layer)
        except RefusedError as error:
            raise restart_explained(client, path, error) from error
        device = Device(build.board, port, body_of(build.board, path), identity, client.memory())
    output = build.network.output
    embeddings = np.stack(rows.embeddings)
    floats = np.concatenate(rows.floats) if rows.floats else None
    wrong_outputs = differences(np.concatenate(rows.expected), embeddings)
    source = np.repeat(np.arange(len(workload.sources)), [item.windows for item in workload.sources])
    return Report(
        device=device,
        model_name=manifest.model_name,
        model_sha256=manifest.model_sha256,
        build_id=manifest.build_id,
        front_end=workload.front_end.name if workload.front_end else "",
        reference=rows.engine,
        layers=run.layers(),
        layer_windows=run.compared_windows,
        layer_note="; ".join(run.notes),
        sources=workload.sources,
        outputs=Outputs(
            embeddings=embeddings,
            timestamps=np.concatenate(rows.timestamps),
            source=source.astype(np.int32),
            scale=output.scale,
            zero_point=output.zero_point,
        ),
        differences=wrong_outputs,
        fidelity=None if floats is None else fidelity(floats, dequantize(output, embeddings)),
        fidelity_note=_NO_FLOAT_NETWORK if floats is None else "",
        counter=int(np.median(run.counters)) if run.counters else 0,
        example=rows.example[0],
        budget=read_budget(build.directory),
        schedule=schedule_rows(planned) if planned else (),
        schedule_note=f"optimized for {planned.goal}: {planned.reason}" if planned else "",
        memory=manifest.memory,
        inputs=rows.input_result(run) if as_pcm else None,
        first_difference=first_difference(
            build.network, rows.input_differences, run.first_wrong, wrong_outputs
        ),
        labels=_labels(build, rows),
        finished=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        calibration=calibration_of(manifest, workload),
        worst=rows.worst,
        modelled=Modelled(planned.instructions, planned.cycles) if planned else None,
        symbols=largest_symbols(build.directory),
        layer_sqnr_db=manifest.layer_sqnr_db,
        tools=versions(manifest.tools),
        warnings=(
            *manifest.warnings,
            *workload.warnings,
            *_begun_anew(run),
            *_clipped(workload, embeddings, output.zero_point),
            *_constant(rows, embeddings),
            *_full_stack(device.memory),
        ),
    )


def _planned(build: PreparedBuild) -> Schedule | None:
    """The schedule that the build was made by; None for other runtimes."""
    manifest = build.manifest
    if manifest.goal is None:
        return None
    return schedule(
        build.network,
        build.board,
        manifest.goal,
        layout=build.layout,
        ram_limit=manifest.ram_limit,
        by=manifest.by,
    )


def _begun_anew(run: BoardRun) -> Iterator[str]:
    """A warning if the board did not let a stream go on from window to window."""
    if run.begun_anew:
        yield (
            f"{run.begun_anew:,} of {counted(run.streamed, 'window')} were to go on from the one before, and "
            "the board wanted them whole (OUT_OF_RANGE): its sensor takes the front end back a minute after "
            "the last request; if the host was never that slow, its streaming is broken"
        )


def _clipped(workload: Workload, embeddings: NDArray[np.int8], zero_point: int) -> Iterator[str]:
    """A warning if embeddings go beyond what the model's calibration allowed for; names the recordings."""
    reached = saturated(embeddings, zero_point)
    counts = {
        source.name: int(reached[source.first : source.first + source.windows].sum())
        for source in workload.sources
    }
    most = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])
    if most:
        more = f" and {len(most) - _NAMED} more" if len(most) > _NAMED else ""
        yield (
            f"in {int(reached.sum())} of {len(reached)} windows the embedding reaches the end of its int8 "
            f"range, where values are clipped: {', '.join(most[:_NAMED])}{more} (calibrate with such sounds)"
        )


def _constant(rows: _Rows, embeddings: NDArray[np.int8]) -> Iterator[str]:
    """Warnings if different windows look alike to the network, or come out alike."""
    if len(embeddings) < 2:
        return
    if rows.input_varies is False:
        yield "every element of every input is the same: the model is not fed what it was trained on"
    elif (embeddings == embeddings[0]).all():
        yield "the outputs of all windows are alike: the model may not be fed what it was trained on"


def _full_stack(memory: MemoryUse) -> Iterator[str]:
    """A warning if not a byte of the stack is left: what lies under it may have been written."""
    if memory.stack_peak >= memory.stack_size:
        yield f"all {memory.stack_size:,} bytes of the stack were used: raise stack_size in the board file"


@dataclass
class _Rows:
    """Results as they come: embeddings window by window, the rest batch by batch."""

    embeddings: list[NDArray[np.int8]] = field(default_factory=list)
    expected: list[NDArray[np.int8]] = field(default_factory=list)
    floats: list[NDArray[np.float32]] = field(default_factory=list)
    timestamps: list[NDArray[np.float64]] = field(default_factory=list)
    example: list[Example] = field(default_factory=list)
    worst: Example | None = None
    worst_cosine: float = np.inf
    scores: list[NDArray[np.int8]] = field(default_factory=list)
    engine: str = ""
    input_elements: int = 0
    input_differences: list[Difference] = field(default_factory=list)
    inexact: int = 0
    largest: int = 0
    input_varies: bool | None = None
    """Whether any element of any input differs from the first."""
    _first_element: int = 0

    def look_at(self, inputs: NDArray[np.int8]) -> None:
        """See whether inputs vary at all."""
        if self.input_varies is None:
            self._first_element, self.input_varies = int(inputs.flat[0]), False
        self.input_varies = self.input_varies or bool((inputs != self._first_element).any())

    def add_input(self, window: int, expected: NDArray[np.int8], got: NDArray[np.int8]) -> None:
        """Compare what the board heard with the twin's input."""
        self.input_elements += expected.size
        wrong = differences(expected.reshape(1, -1), got.reshape(1, -1))
        self.input_differences += [replace(item, window=window) for item in wrong]

    def add_exactness(self, item: Expectation) -> None:
        """Compare the twin's inputs with those of float64."""
        if item.exact_inputs is not None:
            steps = np.abs(item.inputs.astype(np.int32) - item.exact_inputs)
            self.inexact += int(np.count_nonzero(steps))
            self.largest = max(self.largest, int(steps.max()))

    def keep_worst(self, example: Example) -> None:
        """Keep the window whose embedding is farthest from the float network's."""
        if example.float_embedding is None:
            return
        pair = (example.float_embedding.astype(np.float64), example.board_embedding.astype(np.float64))
        cosine = float(cosines_of(pair[0][np.newaxis], pair[1][np.newaxis])[0])
        if cosine < self.worst_cosine:
            self.worst, self.worst_cosine = example, cosine

    def input_result(self, run: BoardRun) -> InputResult:
        """What became of all windows' inputs."""
        return InputResult(
            elements=self.input_elements,
            differences=tuple(self.input_differences),
            counter=int(np.median(run.front_end_counters)),
            inexact=self.inexact,
            largest=self.largest,
            streamed=run.streamed,
            begun_anew=run.begun_anew,
        )


def _compare(
    build: PreparedBuild, workload: Workload, run: BoardRun, progress: Progress, *, every_layer: bool
) -> _Rows:
    rows = _Rows()
    firsts = {source.first for source in workload.sources}
    memory = build.manifest.front_end_memory
    streams = memory is not None and memory.streams
    for item in expectations(build, workload):
        rows.engine = item.engine
        rows.expected.append(item.outputs)
        rows.timestamps.append(item.batch.timestamps)
        rows.add_exactness(item)
        rows.look_at(item.inputs)
        if item.floats is not None:
            rows.floats.append(item.floats)
        for index, window in enumerate(item.inputs):
            number = len(rows.embeddings)
            progress("validating windows", number, workload.windows)
            if item.batch.pcm is not None:
                fresh = workload.fresh if streams and number not in firsts else None
                rows.add_input(number, window, run.hear(item.batch.pcm[index], fresh))
            output = run.infer(window if item.batch.pcm is None else None)
            rows.embeddings.append(output)
            if build.head is not None:
                rows.scores.append(run.scores(len(build.head.labels)))
            # Expected layers cost as much as a whole truth: unless all are asked for, the first window of
            # each recording shows them, and every window whose output is wrong.
            if every_layer or number in firsts or not np.array_equal(output, item.outputs[index]):
                run.compare_layers(layer_outputs(build.network, window))
            settled = item.batch.timestamps[index] >= _EXAMPLE_SECONDS or number + 1 == workload.windows
            if settled and not rows.example:
                rows.example.append(_example(build, workload, item, index, output))
            rows.keep_worst(_example(build, workload, item, index, output))
    progress("validating windows", workload.windows, workload.windows)
    return rows


def _labels(build: PreparedBuild, rows: _Rows) -> LabelScores | None:
    """The board's scores against those that the head's twin makes of the reference's embeddings."""
    if build.head is None:
        return None
    scores = np.stack(rows.scores)
    expected = run_head(build.head.network, np.concatenate(rows.expected))
    return LabelScores(build.head.labels, scores, int((scores != expected).any(axis=1).sum()))


def _example(
    build: PreparedBuild, workload: Workload, item: Expectation, index: int, output: NDArray[np.int8]
) -> Example:
    return Example(
        source=workload.sources[item.batch.source].name,
        seconds=float(item.batch.timestamps[index]),
        spectrogram=item.batch.spectrograms[index],
        board_embedding=dequantize(build.network.output, output),
        float_embedding=None if item.floats is None else item.floats[index],
    )
