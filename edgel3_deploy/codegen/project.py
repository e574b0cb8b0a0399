"""A complete C project for one network on one board: all that make needs, as bytes by relative path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgel3_deploy.boards.board import Board, PdmMicrophone
from edgel3_deploy.codegen import cmsis_nn
from edgel3_deploy.codegen.arenas import Plan
from edgel3_deploy.codegen.files import (
    BUILD_ID,
    BUILD_ID_TEXT,
    MAKEFILE,
    build_id,
    build_id_source,
    sources,
)
from edgel3_deploy.codegen.firmware import INCLUDES, application_files
from edgel3_deploy.codegen.head import CompiledHead
from edgel3_deploy.codegen.library import LONGEST_NAME, RUNTIMES, Library, render_library
from edgel3_deploy.codegen.memory_map import application_script, board_header
from edgel3_deploy.codegen.render import render
from edgel3_deploy.codegen.resident import packing, resident_files
from edgel3_deploy.codegen.sound import sound_files, source_rate
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.image.layout import FlashLayout, flash_layout
from edgel3_deploy.plan.application_data import application_region
from edgel3_deploy.plan.front_end import image_front_end
from edgel3_deploy.plan.schedule import Schedule

LIBRARY = "network"
"""Folder of the network's library."""
CONFIG = "edgel3_config.h"
"""What the firmware decides about the library, and about itself."""


def render_project(
    network: Network,
    board: Board,
    model: bytes,
    *,
    plan: Plan,
    cmsis_nn_files: Mapping[str, bytes] | None = None,
    layout: FlashLayout | None = None,
    version: int = 1,
    head: CompiledHead | None = None,
    console: bool = False,
) -> Mapping[str, bytes]:
    """Render the project of `network`, whose .tflite file is `model`; the kind of plan decides the runtime.

    The network is the library of codegen.library, in a folder of its own. native: a Schedule; cmsis-nn: a
    MemoryPlan with codegen.cmsis_nn's scratch, and the files of CMSIS-NN to copy; tflm: an Arena. `layout`
    says where the image stands, by default bare: with slots linker.ld is for the first, and linker-1.ld for
    the second, the loader's project is part of it, and `version` goes into the image header. `head` turns the
    embedding into labels; `console` reads MLPerf Tiny's commands. Same arguments, same bytes.
    """
    layout = layout or flash_layout(board, 0)
    library = render_library(network, model, plan=plan, head=head)
    runtime = RUNTIMES[type(plan)]
    kernels = {step.kernel.name for step in plan.steps} if isinstance(plan, Schedule) else {runtime}
    front_end = image_front_end(network)
    files = {f"{LIBRARY}/{name}": content for name, content in library.files.items()}
    files[CONFIG] = render("config.h.j2", arenas=library.arenas, console=console)
    files |= application_files(board, front_end=front_end is not None)
    if front_end is not None:
        files |= sound_files(
            source_rate(board),
            front_end.sample_rate,
            compensated=isinstance(board.microphone, PdmMicrophone),
        )
    files["board.h"] = board_header(board, layout)
    for slot in range(max(len(layout.slots), 1)):
        arenas = {arena.region: arena.size for arena in library.arenas}
        files[linker_script_name(slot)] = application_script(
            board, layout, slot, arenas, kernels, application_region(network, board)
        )
    files |= {f"{cmsis_nn.FOLDER}/{name}": content for name, content in (cmsis_nn_files or {}).items()}
    pack = packing(board, layout, version) if layout.slots else None
    files[MAKEFILE] = _makefile(files, library, network, board=board, runtime=runtime, pack=pack)
    if layout.slots:
        files |= resident_files(board, layout)
        files[BUILD_ID_TEXT] = f"{build_id(files)}\n".encode()
    files[BUILD_ID] = build_id_source(files)
    return dict(sorted(files.items()))


def linker_script_name(slot: int) -> str:
    """The linker script of the image for a slot."""
    return f"linker-{slot}.ld" if slot else "linker.ld"


def _makefile(files: Mapping[str, bytes], library: Library, network: Network, **values: object) -> bytes:
    headers = [Path(name) for name in files if name.startswith(f"{cmsis_nn.FOLDER}/") and name.endswith(".h")]
    return render(
        "Makefile.j2",
        **values,
        front_end=library.sample_rate is not None,
        model_name=network.name[:LONGEST_NAME],
        target="firmware",
        optimize="-O2",
        library=LIBRARY,
        sources=sorted((*sources(files), BUILD_ID)),
        includes=(*INCLUDES, *(f"{LIBRARY}/{folder}" for folder in library.include_dirs)),
        library_includes=sorted({f"{cmsis_nn.FOLDER}/{path.parts[1]}" for path in headers}),
    )
