"""The whole way from a model to a judged image: quantize, plan, render, compile, judge, put in place."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from edgel3_deploy import schemas
from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import OverBudgetError, UsageError
from edgel3_deploy.fileio import read_ordinary, sha256
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.image.layout import FlashLayout, flash_layout, image_limit, mailbox_size
from edgel3_deploy.pipeline.folder import OutputFolder, output_folder, write_files
from edgel3_deploy.pipeline.head import TakenHead, take_head
from edgel3_deploy.pipeline.manifest import FILE_NAME, RUNTIMES, Manifest, MemoryUse, Runtime, find_manifest
from edgel3_deploy.pipeline.memory import layers_memory, schedule_memory
from edgel3_deploy.pipeline.order import PIXELS, Order, schedule_orders
from edgel3_deploy.pipeline.prepared import ELF, HEAD, MODEL, REFERENCE, image_files
from edgel3_deploy.pipeline.source import SourceModel, take_model
from edgel3_deploy.pipeline.tools import Tools, find_tools
from edgel3_deploy.pipeline.verdict import refuse_budget, refuse_estimate
from edgel3_deploy.plan.front_end import FrontEndMemory, image_front_end, without_front_end
from edgel3_deploy.plan.goal import GOALS, Goal
from edgel3_deploy.plan.head_bytes import NO_HEAD, head_bytes
from edgel3_deploy.plan.measure import MEASURES, Measure
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize.fidelity import Fidelity
from edgel3_deploy.toolchain.budget import Budget, budget_of, measure
from edgel3_deploy.toolchain.cmsis_nn import project_files
from edgel3_deploy.toolchain.elf import read_elf
from edgel3_deploy.toolchain.gcc import RegionOverflowError, run_make
from edgel3_deploy.toolchain.tflm import HOW_TO_LINK

BUDGET = "budget.json"


@dataclass(frozen=True)
class BuildRequest:
    """What to build: `model` as the user names it, `output` the folder of the build.

    `slots` as `flash_layout` takes them: None for the board's usual layout, 0 for a bare image.
    `image_version` goes into the image header. `ram_limit` bounds all RAM of a native image, in bytes, below
    what the board has; `by` is the modelled cost that the native schedule keeps low. `front_end` lets an
    image whose network has a known front end carry it. `head` is a head.npz that makes labels of the
    embedding. `console` names text commands that the firmware understands beside its own protocol: "mlperf",
    or none.
    """

    board: Board
    model: str
    output: Path
    runtime: str = "native"
    optimize: str = "balanced"
    calibration: tuple[Path, ...] = ()
    cmsis_nn_root: Path | None = None
    tflm_root: Path | None = None
    slots: int | None = None
    image_version: int = 1
    ram_limit: int | None = None
    by: str = "instructions"
    front_end: bool = True
    head: Path | None = None
    console: str | None = None


@dataclass(frozen=True)
class BuildResult:
    """A finished build. `budget` is None for a TFLite Micro project that was rendered but not linked.

    `reused` says that the folder already held this very build.
    """

    directory: Path
    manifest: Manifest
    budget: Budget | None
    fidelity: Fidelity | None
    reused: bool

    @property
    def model_name(self) -> str:
        return self.manifest.model_name

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.manifest.warnings

    def to_json(self) -> dict[str, Any]:
        """The result with the content of budget.json."""
        return {
            "directory": str(self.directory),
            "board": self.manifest.board.name,
            "model": self.model_name,
            "runtime": self.manifest.runtime,
            "status": self.manifest.status,
            "build_id": self.manifest.build_id,
            "image_version": self.manifest.image_version,
            "layout": dataclasses.asdict(self.manifest.layout),
            "sizes": dict(self.manifest.sizes),
            "model_sha256": self.manifest.model_sha256,
            "fidelity": None if self.fidelity is None else self.fidelity.to_json(),
            "warnings": list(self.warnings),
            "reused": self.reused,
            **({} if self.budget is None else self.budget.to_json()),
        }


def build(request: BuildRequest, *, progress: Progress = silent) -> BuildResult:
    """Build `request` into its output folder, all or nothing; an unchanged build is checked and kept.

    Raises OverBudgetError with the verdict when the model or the image does not fit, BadInputError for models
    and audio that cannot be used, ToolchainError for missing or failing tools, UsageError for contradicting
    options.
    """
    runtime = next((known for known in RUNTIMES if known == request.runtime), None)
    if runtime is None:
        raise UsageError(f"unknown runtime {request.runtime!r}", f"Runtimes: {', '.join(RUNTIMES)}.")
    goal = next((known for known in GOALS if known == request.optimize), None)
    if goal is None:
        raise UsageError(f"unknown goal {request.optimize!r}", f"Goals: {', '.join(GOALS)}.")
    by = next((known for known in MEASURES if known == request.by), None)
    if by is None:
        raise UsageError(f"unknown cost {request.by!r}", f"Costs: {', '.join(MEASURES)}.")
    if not 0 <= request.image_version < 1 << 32:
        raise UsageError(
            f"image version {request.image_version} is no 32-bit number", "Choose one from 0 to 4294967295."
        )
    if request.ram_limit is not None and runtime != "native":
        raise UsageError(f"the runtime {runtime} keeps to no limit of RAM", "Leave out --ram.")
    layout = flash_layout(request.board, request.slots)
    with output_folder(request.output) as folder:
        tools = find_tools(runtime, request.cmsis_nn_root, request.tflm_root)
        source = take_model(request.model, request.calibration, request.board, layout, progress=progress)
        head = None if request.head is None else take_head(request.head, source)
        if not request.front_end:
            source = dataclasses.replace(source, network=without_front_end(source.network))
        progress("rendering the C project")
        chosen = _Choice(runtime, goal, by, head)
        project = _render(source, request, layout, chosen, tools=tools)
        planned = _manifest(source, project, request, layout, chosen, tools=tools)
        earlier = find_manifest(folder.directory)
        if earlier is not None and _unchanged(earlier, planned, folder.directory):
            linked = read_elf(folder.directory / ELF)
            budget = measure(linked, request.board, layout, ram_limit=request.ram_limit)
            return BuildResult(request.output, earlier, budget, source.fidelity, reused=True)
        inputs = _inputs(source, project, chosen)
        return _make(request, folder, project, planned, inputs, source=source, tools=tools, progress=progress)


@dataclass(frozen=True)
class _Choice:
    """What of the request was text, as one of the known values."""

    runtime: Runtime
    goal: Goal
    by: Measure
    head: TakenHead | None


@dataclass(frozen=True)
class _Project:
    """The rendered files, the bytes by region that they are known to take whatever the compiler does, the
    layers that each step of the runtime computes and how it shows them, what lies where in RAM, and where the
    front end has its state.
    """

    files: Mapping[str, bytes]
    known: Mapping[str, int]
    steps: tuple[tuple[int, ...], ...]
    orders: tuple[Order, ...]
    memory: tuple[MemoryUse, ...]
    front_end: FrontEndMemory | None


def _render(
    source: SourceModel,
    request: BuildRequest,
    layout: FlashLayout,
    chosen: _Choice,
    *,
    tools: Tools,
) -> _Project:
    """Render the project; OverBudgetError before anything is compiled if the estimate exceeds the board."""
    from edgel3_deploy.codegen import cmsis_nn, tflm
    from edgel3_deploy.codegen.project import render_project
    from edgel3_deploy.plan.estimate import estimate_layers, estimate_schedule
    from edgel3_deploy.plan.memory import MemoryPlan
    from edgel3_deploy.plan.planner import plan_memory
    from edgel3_deploy.plan.remedy import with_remedy
    from edgel3_deploy.plan.schedule import Schedule, schedule
    from edgel3_deploy.reference.tflm import arena_bytes

    network, model = source.network, source.tflite
    if chosen.runtime == "cmsis-nn":
        network = cmsis_nn.callable_network(network)
    board = tflm.with_stack(request.board) if chosen.runtime == "tflm" else request.board
    head = None if chosen.head is None else chosen.head.compiled
    labels = NO_HEAD if head is None else head_bytes(head.network)
    render = partial(
        render_project,
        network,
        board,
        model,
        layout=layout,
        version=request.image_version,
        head=head,
        console=request.console == "mlperf",
    )
    if chosen.runtime == "tflm":
        arena = tflm.place_arena(arena_bytes(model), network, board)
        flash = layout.overhead + len(model) + labels.flash
        known = _known(board, flash, ((arena.region, arena.size),))
        memory: tuple[MemoryUse, ...] = (
            MemoryUse("arena", arena.region, 0, arena.size, 0, len(network.layers) - 1),
        )
        files = render(plan=arena)
        return _Project(files, known, _each(network), _pixels(network), memory, arena.front_end)
    if chosen.runtime == "native":
        limit = request.ram_limit
        native = _or_error(
            lambda: schedule(
                network, board, chosen.goal, layout=layout, ram_limit=limit, by=chosen.by, head=labels
            )
        )
        judged = estimate_schedule(network, native, board, layout, ram_limit=limit, head=labels)
        refuse_estimate(with_remedy(judged, network, board, limit))
        assert isinstance(native, Schedule)
        steps = tuple(tuple(layer.index for layer in step.layers) for step in native.steps)
        known = _known(board, judged.flash_used - judged.code, native.arenas)
        orders, memory = schedule_orders(native), schedule_memory(native)
        return _Project(render(plan=native), known, steps, orders, memory, native.front_end)
    scratch = cmsis_nn.network_scratch(network)
    plan = _or_error(lambda: plan_memory(network, board, scratch=scratch))
    judged = estimate_layers(network, plan, board, layout, head=labels)
    refuse_estimate(judged)
    assert isinstance(plan, MemoryPlan)
    assert tools.cmsis_nn is not None
    library = project_files(tools.cmsis_nn, cmsis_nn.functions_called(network))
    files = render(plan=plan, cmsis_nn_files=library)
    known = _known(board, judged.flash_used, plan.arenas)
    memory = layers_memory(network, plan)
    return _Project(files, known, _each(network), _pixels(network), memory, plan.front_end)


_Plan = TypeVar("_Plan")


def _or_error(make: Callable[[], _Plan]) -> _Plan | OverBudgetError:
    """What `make` gives, or why it does not fit."""
    try:
        return make()
    except OverBudgetError as error:
        return error


def _each(network: Network) -> tuple[tuple[int, ...], ...]:
    """Every layer as a step of its own."""
    return tuple((layer.index,) for layer in network.layers)


def _pixels(network: Network) -> tuple[Order, ...]:
    """Every layer shown as it lies in memory."""
    return (PIXELS,) * len(network.layers)


def _known(board: Board, flash: int, arenas: tuple[tuple[str, int], ...]) -> dict[str, int]:
    used = {board.flash.name: flash, **dict(arenas)}
    used[board.main_ram] = used.get(board.main_ram, 0) + board.stack_size + mailbox_size(board)
    return used


def _manifest(
    source: SourceModel,
    project: _Project,
    request: BuildRequest,
    layout: FlashLayout,
    chosen: _Choice,
    *,
    tools: Tools,
) -> Manifest:
    """The manifest as far as it is known before compiling."""
    from edgel3_deploy.codegen.files import build_id

    front_end = image_front_end(source.network)
    rendered_only = chosen.runtime == "tflm" and tools.tflm is None
    warnings = source.warnings
    if rendered_only:
        warnings = (*warnings, f"the project was rendered, not linked. {HOW_TO_LINK}")
    return Manifest(
        build_id=build_id(project.files),
        board=request.board,
        layout=layout,
        image_version=request.image_version,
        runtime=chosen.runtime,
        goal=chosen.goal if chosen.runtime == "native" else None,
        by=chosen.by,
        ram_limit=request.ram_limit,
        steps=project.steps,
        orders=project.orders,
        memory=project.memory,
        status="rendered" if rendered_only else "linked",
        front_end=front_end.name if front_end else "",
        front_end_memory=project.front_end,
        model_name=source.network.name,
        model_sha256=sha256(source.tflite),
        head_sha256=None if chosen.head is None else sha256(chosen.head.content),
        inputs=source.inputs,
        recordings=source.recordings,
        layer_sqnr_db=source.layer_sqnr_db,
        fidelity=None if source.fidelity is None else source.fidelity.to_json(),
        warnings=warnings,
        tools=tools.versions,
        files={name: sha256(content) for name, content in _inputs(source, project, chosen).items()},
        sizes={},
    )


def _inputs(source: SourceModel, project: _Project, chosen: _Choice) -> dict[str, bytes]:
    """What is written before compiling, but the float network."""
    head = {} if chosen.head is None else {HEAD: chosen.head.content}
    return {**project.files, MODEL: source.tflite, **head}


def _unchanged(earlier: Manifest, planned: Manifest, directory: Path) -> bool:
    """Whether the folder holds the planned build: same inputs, same tools, every file as it was written."""
    if dataclasses.replace(earlier, files={}, sizes={}) != dataclasses.replace(planned, files={}):
        return False
    produced = {*image_files(planned.layout), BUDGET} if planned.status == "linked" else set()
    if {name: earlier.files.get(name) for name in planned.files} != planned.files:
        return False
    if earlier.files.keys() - planned.files.keys() - {REFERENCE} != produced:
        return False
    try:
        return all(
            sha256(read_ordinary(directory / name)) == digest for name, digest in earlier.files.items()
        )
    except OSError:
        return False


def _make(
    request: BuildRequest,
    folder: OutputFolder,
    project: _Project,
    planned: Manifest,
    inputs: Mapping[str, bytes],
    *,
    source: SourceModel,
    tools: Tools,
    progress: Progress,
) -> BuildResult:
    """Write the project into the staging folder, build it there, judge it, and put it in place."""
    from edgel3_deploy.codegen.files import sources
    from edgel3_deploy.models.forward import save_network

    board, name, layout = request.board, planned.model_name, planned.layout
    stage = folder.stage()
    write_files(stage, inputs)
    written = {*planned.files}
    if source.float_network is not None:
        save_network(source.float_network, stage / REFERENCE)
        written.add(REFERENCE)
    budget = None
    if planned.status == "linked":
        try:
            run_make(stage, tools.make_variables, steps=len(sources(project.files)), progress=progress)
        except RegionOverflowError as error:
            full = {region: _full(board, layout, region) + excess for region, excess in error.excess.items()}
            budget = budget_of({**project.known, **full}, board, layout, ram_limit=request.ram_limit)
            refuse_budget(budget, name, board, family=bool(planned.front_end or source.float_network))
            raise
        for objects in list(stage.rglob("obj")):
            shutil.rmtree(objects)
        budget = measure(read_elf(stage / ELF), board, layout, ram_limit=request.ram_limit)
        refuse_budget(budget, name, board, family=bool(planned.front_end or source.float_network))
        write_files(stage, {BUDGET: schemas.file_bytes("budget", budget.to_json())})
        written |= {*image_files(layout), BUDGET}
    files = {name: sha256((stage / name).read_bytes()) for name in sorted(written)}
    images = sorted(image_files(layout)) if planned.status == "linked" else []
    sizes = {name: (stage / name).stat().st_size for name in images}
    manifest = dataclasses.replace(planned, files=files, sizes=sizes)
    write_files(stage, {FILE_NAME: manifest.to_json()})
    folder.commit()
    return BuildResult(request.output, manifest, budget, source.fidelity, reused=False)


def _full(board: Board, layout: FlashLayout, region: str) -> int:
    """Bytes used of a region by what need not fit the image, and by an image that fills what is left."""
    if region == board.flash.name:
        return layout.overhead + image_limit(board, layout)
    return board.region(region).size
