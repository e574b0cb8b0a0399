"""A network, its front end and its head as a library in C, which the firmware and foreign projects link."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgel3_deploy.codegen import ctext, tflm
from edgel3_deploy.codegen.arenas import ArenaView, Plan, at, check_front_end, view_arenas
from edgel3_deploy.codegen.front_end import front_end_files
from edgel3_deploy.codegen.head import CompiledHead, head_memory, head_source
from edgel3_deploy.codegen.kernels import kernel_files
from edgel3_deploy.codegen.native import view_native
from edgel3_deploy.codegen.prefix import OWN, checked_prefix, file_name, named, prefixed, refuse_meeting
from edgel3_deploy.codegen.render import render
from edgel3_deploy.codegen.stack import stack_bytes
from edgel3_deploy.codegen.views import view_network
from edgel3_deploy.codegen.weights import view_constants
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.arena import ALIGNMENT
from edgel3_deploy.plan.front_end import image_front_end, input_affine
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.schedule import Schedule
from edgel3_deploy.plan.table import plan_table, schedule_table
from edgel3_deploy.resources import firmware_dir

LONGEST_NAME = 64
"""Characters of the model's name that the library carries."""
INCLUDE, SOURCE = "include", "src"
SENSOR_HEAD = ("label_state.c", "label_state.h")
"""Of head/, what is not the library's: labels over time."""


@dataclass(frozen=True)
class Library:
    """Files by their path, and what a project must know that takes them.

    `sources` are those to compile, with `include_dirs` as the only folders for headers. `stack_size` is bytes
    of an optimized build, None if the runtime is not this package's. Scales are float32.
    """

    files: Mapping[str, bytes]
    prefix: str
    arenas: tuple[ArenaView, ...]
    stack_size: int | None
    input_size: int
    input_scale: float
    input_zero_point: int
    output_size: int
    output_scale: float
    output_zero_point: int
    sample_rate: int | None
    hop: int | None
    labels: tuple[str, ...]
    arena_alignment: int = ALIGNMENT
    include_dirs: tuple[str, ...] = (INCLUDE,)

    @property
    def arena_size(self) -> int:
        """Bytes of all arenas, where pointers have 32 bits."""
        return sum(arena.size for arena in self.arenas)

    @property
    def sources(self) -> tuple[str, ...]:
        """The files to compile, sorted."""
        return tuple(name for name in self.files if Path(name).suffix in (".c", ".cc", ".S"))


def render_library(
    network: Network,
    model: bytes,
    *,
    plan: Plan,
    prefix: str = OWN,
    head: CompiledHead | None = None,
) -> Library:
    """Render `network`, whose .tflite file is `model`; the kind of plan decides the runtime.

    native: a Schedule; cmsis-nn: a MemoryPlan with codegen.cmsis_nn's scratch; tflm: an Arena. The two others
    refer to libraries of their own. Every name in C and every file name begins with `prefix`. Same arguments,
    same bytes. Raises UsageError for a prefix, BadInputError for a layer's name that cannot be C.
    """
    prefix = checked_prefix(prefix)
    values = _values(network, model, plan, head)
    sources = {
        f"{OWN}_{name}": render(f"library_{name}.j2", **values) for name in ("arena.c", "arena.h", "info.c")
    }
    sources[f"{OWN}_scores.c"] = head_source(head, network.name[:LONGEST_NAME])
    sources["edgel3_attributes.h"] = (firmware_dir() / "include" / "edgel3_attributes.h").read_bytes()
    if isinstance(plan, Schedule):
        sources |= _native(plan, values)
        kernels = {step.kernel.name for step in plan.steps}
    else:
        sources |= _other(network, model, plan, values)
        kernels = set()
    if head is not None:
        kernels.add("fully_connected")
        sources |= _taken("head", _names("head") - set(SENSOR_HEAD))
    sources |= {f"kernels/{name}": content for name, content in kernel_files(kernels).items()}
    front_end = image_front_end(network)
    if front_end is not None and plan.front_end is not None:
        check_front_end(plan, plan.front_end)
        sources[f"{OWN}_pcm.c"] = render("library_pcm.c.j2", **values)
        sources |= _taken("front_end", _names("front_end"))
        tables = front_end_files(front_end, input_affine(network), streams=plan.front_end.streams)
        sources |= {f"front_end/{name}": content for name, content in tables.items()}
    return Library(
        files=_named(render("library.h.j2", **values), sources, prefix),
        prefix=prefix,
        arenas=tuple(_renamed(arena, prefix) for arena in view_arenas(plan)),
        stack_size=values["stack_size"],  # type: ignore[arg-type]
        input_size=network.input.size,
        input_scale=network.input.scale,
        input_zero_point=network.input.zero_point,
        output_size=network.output.size,
        output_scale=network.output.scale,
        output_zero_point=network.output.zero_point,
        sample_rate=front_end.sample_rate if front_end else None,
        hop=front_end.hop_length if front_end else None,
        labels=() if head is None else head.labels,
    )


def _renamed(arena: ArenaView, prefix: str) -> ArenaView:
    symbol, macro, at_ = (named(name, prefix) for name in (arena.symbol, arena.macro, arena.at))
    return replace(arena, symbol=symbol, macro=macro, at=at_)


def _values(network: Network, model: bytes, plan: Plan, head: CompiledHead | None) -> dict[str, object]:
    memory = plan.front_end
    return {
        "alignment": ALIGNMENT,
        "arenas": view_arenas(plan),
        "at": at,
        "entries": _entries(network, plan),
        "front_end": image_front_end(network),
        "head": None if head is None else head_memory(head),
        "head_sha256": None if head is None else head.sha256,
        "labels": () if head is None else head.labels,
        "memory": memory,
        "members": view_native(plan).state if isinstance(plan, Schedule) else (),
        "model_name": network.name[:LONGEST_NAME],
        "model_sha256": hashlib.sha256(model).digest(),
        "network": network,
        "runtime": RUNTIMES[type(plan)],
        "stack_size": stack_bytes(network, plan, head) if isinstance(plan, Schedule) else None,
        "streams": memory is not None and memory.streams,
    }


RUNTIMES = {Schedule: "native", MemoryPlan: "cmsis-nn", tflm.Arena: "tflm"}
"""The runtime that a plan is for."""


def _entries(network: Network, plan: Plan) -> tuple[tuple[str, int, int], ...]:
    """Name, MACs and output bytes of what an observer sees: steps of a schedule, else layers."""
    if isinstance(plan, Schedule):
        return tuple((step.name, step.macs, math.prod(step.output_shape)) for step in plan.steps)
    return tuple((layer.name, layer.macs, layer.output.size) for layer in network.layers)


def _native(plan: Schedule, values: Mapping[str, object]) -> dict[str, bytes]:
    native = {**values, "view": view_native(plan), "schedule": plan}
    table = ctext.columns(schedule_table(plan))
    return {
        "edgel3_network.c": render("network_native.c.j2", **native, schedule_table=table),
        "edgel3_weights.h": render("weights_native.h.j2", **native),
        "edgel3_weights.c": render("weights_native.c.j2", **native),
    }


def _other(
    network: Network, model: bytes, plan: MemoryPlan | tflm.Arena, values: Mapping[str, object]
) -> dict[str, bytes]:
    if isinstance(plan, MemoryPlan):
        return _cmsis_nn(network, plan, values)
    return _tflm(network, model, plan, values)


def _cmsis_nn(network: Network, plan: MemoryPlan, values: Mapping[str, object]) -> dict[str, bytes]:
    view = view_network(network, plan)
    arrays = view_constants(network)
    return {
        "edgel3_network.c": render(
            "network_cmsis_nn.c.j2",
            **values,
            layers=view.layers,
            buffers=view.buffers,
            memory_table=ctext.columns(plan_table(network, plan)),
        ),
        "edgel3_weights.h": render("weights.h.j2", **values, arrays=arrays),
        "edgel3_weights.c": render("weights.c.j2", **values, arrays=arrays),
    }


def _tflm(network: Network, model: bytes, plan: tflm.Arena, values: Mapping[str, object]) -> dict[str, bytes]:
    operators = tflm.operators(network)
    return {
        "edgel3_network.cc": render("network_tflm.cc.j2", **values, arena=plan, operators=operators),
        "edgel3_model.h": render("model.h.j2", model=model),
        "edgel3_model.c": render("model.c.j2", model=model),
    }


def _names(folder: str) -> set[str]:
    return {path.name for path in (firmware_dir() / folder).iterdir() if path.suffix in (".c", ".h", ".S")}


def _taken(folder: str, names: Iterable[str]) -> dict[str, bytes]:
    return {f"{folder}/{name}": (firmware_dir() / folder / name).read_bytes() for name in names}


def _named(header: bytes, sources: Mapping[str, bytes], prefix: str) -> Mapping[str, bytes]:
    """All files at their place, each with a name of its own that begins with the prefix."""
    paths = {name: Path(SOURCE) / Path(name).parent / file_name(Path(name).name, prefix) for name in sources}
    places = {Path(name).name: path.as_posix() for name, path in paths.items()}
    found = {paths[name].as_posix(): content for name, content in sources.items()}
    found[f"{INCLUDE}/{prefix}.h"] = header
    if len(places) < len(paths):
        raise ValueError("two files of the library have the same name")
    refuse_meeting(found.values(), prefix)
    return {path: prefixed(path, found[path], places, prefix) for path in sorted(found)}
