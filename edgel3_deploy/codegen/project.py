"""A complete C project for one network on one board: all that make needs, as bytes by relative path."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path

from edgel3_deploy.boards.board import Board, PdmMicrophone
from edgel3_deploy.codegen import cmsis_nn, ctext, tflm
from edgel3_deploy.codegen.arenas import (
    FRONT_END_MEMORY,
    buffer_arenas,
    front_end_memory_source,
    shared_arena,
)
from edgel3_deploy.codegen.files import (
    BUILD_ID,
    BUILD_ID_TEXT,
    MAKEFILE,
    build_id,
    build_id_source,
    sources,
)
from edgel3_deploy.codegen.firmware import INCLUDES, application_files
from edgel3_deploy.codegen.front_end import front_end_files
from edgel3_deploy.codegen.head import FILE_NAME as HEAD_SOURCE
from edgel3_deploy.codegen.head import CompiledHead, head_source
from edgel3_deploy.codegen.memory_map import application_script, board_header
from edgel3_deploy.codegen.native import view_native
from edgel3_deploy.codegen.render import render
from edgel3_deploy.codegen.resident import packing, resident_files
from edgel3_deploy.codegen.sound import sound_files, source_rate
from edgel3_deploy.codegen.views import view_network
from edgel3_deploy.codegen.weights import view_constants
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.image.layout import FlashLayout, flash_layout
from edgel3_deploy.plan.application_data import application_region
from edgel3_deploy.plan.front_end import image_front_end, input_affine
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.schedule import Schedule
from edgel3_deploy.plan.table import plan_table, schedule_table

LONGEST_NAME = 64
"""Characters of the model's name that the image carries."""


def render_project(
    network: Network,
    board: Board,
    model: bytes,
    *,
    plan: Schedule | MemoryPlan | tflm.Arena,
    library: Mapping[str, bytes] | None = None,
    layout: FlashLayout | None = None,
    version: int = 1,
    head: CompiledHead | None = None,
    console: bool = False,
) -> Mapping[str, bytes]:
    """Render the project of `network`, whose .tflite file is `model`; the kind of plan decides the runtime.

    native: a Schedule; cmsis-nn: a MemoryPlan with codegen.cmsis_nn's scratch, and the `library`'s files to
    copy; tflm: an Arena. `layout` says where the image stands, by default bare: with slots linker.ld is for
    the first, and linker-1.ld for the second, the loader's project is part of it, and `version` goes into
    the image header. `head` turns the embedding into labels; `console` reads MLPerf Tiny's commands. Same
    arguments, same bytes.
    """
    layout = layout or flash_layout(board, 0)
    runtime = _RUNTIMES[type(plan)]
    arenas = ((plan.region, plan.size),) if isinstance(plan, tflm.Arena) else plan.arenas
    kernels = {step.kernel.name for step in plan.steps} if isinstance(plan, Schedule) else {runtime}
    buffers = buffer_arenas(plan)
    front_end, memory = image_front_end(network), plan.front_end
    values = {
        "console": console,
        "output_nano": round(network.output.scale * 1e9),
        "front_end": front_end,
        "labels": () if head is None else head.labels,
        "network": network,
        "model_name": network.name[:LONGEST_NAME],
        "model_sha256": hashlib.sha256(model).hexdigest(),
        "board": board,
        "runtime": runtime,
        "arenas": arenas,
        "buffer_arenas": buffers,
        "shared_arena": shared_arena(memory),
        "entries": _entries(network, plan),
    }
    files = application_files(board, runtime, front_end=front_end is not None, with_head=head is not None)
    if front_end is not None and memory is not None:
        files |= front_end_files(front_end, input_affine(network), streams=memory.streams)
        files[FRONT_END_MEMORY] = front_end_memory_source(memory, buffers)
        files |= sound_files(
            source_rate(board),
            front_end.sample_rate,
            compensated=isinstance(board.microphone, PdmMicrophone),
        )
    files[HEAD_SOURCE] = head_source(head, network.name[:LONGEST_NAME])
    files["board.h"] = board_header(board, layout)
    for slot in range(max(len(layout.slots), 1)):
        files[linker_script_name(slot)] = application_script(
            board, layout, slot, dict(buffers), kernels, application_region(network, board)
        )
    files["network.h"] = render("network.h.j2", **values)
    files["network_info.c"] = render(
        "network_info.c.j2", **{**values, "model_sha256": hashlib.sha256(model).digest()}
    )
    if isinstance(plan, Schedule):
        files |= _native(plan, values)
    elif isinstance(plan, MemoryPlan):
        files |= _cmsis_nn(network, board, plan, values)
    else:
        files |= _tflm(network, plan, model, values)
    files |= {f"{cmsis_nn.FOLDER}/{name}": content for name, content in (library or {}).items()}
    pack = packing(board, layout, version) if layout.slots else None
    files[MAKEFILE] = _makefile(files, {**values, "pack": pack})
    if layout.slots:
        files |= resident_files(board, layout)
        files[BUILD_ID_TEXT] = f"{build_id(files)}\n".encode()
    files[BUILD_ID] = build_id_source(files)
    return dict(sorted(files.items()))


_RUNTIMES = {Schedule: "native", MemoryPlan: "cmsis-nn", tflm.Arena: "tflm"}


def _entries(network: Network, plan: Schedule | MemoryPlan | tflm.Arena) -> tuple[tuple[str, int, int], ...]:
    """Name, MACs and output bytes of what an observer sees: steps of a schedule, else layers."""
    if isinstance(plan, Schedule):
        return tuple((step.name, step.macs, math.prod(step.output_shape)) for step in plan.steps)
    return tuple((layer.name, layer.macs, layer.output.size) for layer in network.layers)


def linker_script_name(slot: int) -> str:
    """The linker script of the image for a slot."""
    return f"linker-{slot}.ld" if slot else "linker.ld"


def _native(schedule: Schedule, values: Mapping[str, object]) -> dict[str, bytes]:
    native = {**values, "view": view_native(schedule), "schedule": schedule}
    table = ctext.columns(schedule_table(schedule))
    return {
        "network.c": render("network_native.c.j2", **native, schedule_table=table),
        "weights.h": render("weights_native.h.j2", **native),
        "weights.c": render("weights_native.c.j2", **native),
    }


def _cmsis_nn(
    network: Network, board: Board, plan: MemoryPlan, values: Mapping[str, object]
) -> dict[str, bytes]:
    view = view_network(network, plan)
    arrays = view_constants(network)
    return {
        "network.c": render(
            "network_cmsis_nn.c.j2",
            **values,
            layers=view.layers,
            buffers=view.buffers,
            memory_table=ctext.columns(plan_table(network, plan, board)),
        ),
        "weights.h": render("weights.h.j2", **values, arrays=arrays),
        "weights.c": render("weights.c.j2", **values, arrays=arrays),
    }


def _tflm(
    network: Network, arena: tflm.Arena, model: bytes, values: Mapping[str, object]
) -> dict[str, bytes]:
    return {
        "network_tflm.cc": render(
            "network_tflm.cc.j2", **values, arena=arena, operators=tflm.operators(network)
        ),
        "model.h": render("model.h.j2", model=model),
        "model.c": render("model.c.j2", model=model),
    }


def _makefile(files: Mapping[str, bytes], values: Mapping[str, object]) -> bytes:
    headers = [Path(name) for name in files if name.startswith(f"{cmsis_nn.FOLDER}/") and name.endswith(".h")]
    return render(
        "Makefile.j2",
        **values,
        target="firmware",
        optimize="-O2",
        sources=sorted((*sources(files), BUILD_ID)),
        includes=INCLUDES,
        library_includes=sorted({f"{cmsis_nn.FOLDER}/{path.parts[1]}" for path in headers}),
    )
