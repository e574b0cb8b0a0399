"""A complete C project for one network on one board: all that make needs, as bytes by relative path."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.codegen import cmsis_nn, ctext, tflm
from edgel3_deploy.codegen.firmware import INCLUDES, firmware_files
from edgel3_deploy.codegen.render import render
from edgel3_deploy.codegen.views import view_network
from edgel3_deploy.codegen.weights import view_constants
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.table import plan_table

LONGEST_NAME = 64
"""Characters of the model's name that the image carries."""
BUILD_ID = "build_id.c"
MAKEFILE = "Makefile"


def render_project(
    network: Network,
    board: Board,
    model: bytes,
    *,
    plan: MemoryPlan | None,
    runtime: str,
    library: Mapping[str, bytes] | None = None,
    arena: tflm.Arena | None = None,
) -> Mapping[str, bytes]:
    """Render the project of `network`, whose .tflite file is `model`, for a runtime.

    native needs a `plan` with plan.pack's scratch; cmsis-nn one with codegen.cmsis_nn's scratch and without
    in-place pooling, and the `library`'s files to copy; tflm an `arena`. Same arguments, same bytes.
    """
    arenas = ((arena.region, arena.size),) if arena is not None else plan.arenas if plan is not None else ()
    values = {
        "network": network,
        "model_name": network.name[:LONGEST_NAME],
        "model_sha256": hashlib.sha256(model).hexdigest(),
        "board": board,
        "runtime": runtime,
        "arenas": arenas,
    }
    files = firmware_files(board, runtime)
    files["board.h"] = render("board.h.j2", board=board, plan_arenas=dict(arenas))
    files["linker.ld"] = render("linker.ld.j2", board=board, plan_arenas=dict(arenas))
    files["network.h"] = render("network.h.j2", **values)
    files["network_info.c"] = render(
        "network_info.c.j2", **{**values, "model_sha256": hashlib.sha256(model).digest()}
    )
    if arena is not None:
        files["network_tflm.cc"] = render(
            "network_tflm.cc.j2", **values, arena=arena, operators=tflm.operators(network)
        )
        files["model.h"] = render("model.h.j2", model=model)
        files["model.c"] = render("model.c.j2", model=model)
    elif plan is not None:
        files |= _network(network, board, plan, runtime, values)
    files |= {f"{cmsis_nn.FOLDER}/{name}": content for name, content in (library or {}).items()}
    files[MAKEFILE] = _makefile(files, values)
    files[BUILD_ID] = render("build_id.c.j2", build_id=bytes.fromhex(build_id(files)))
    return dict(sorted(files.items()))


def build_id(files: Mapping[str, bytes]) -> str:
    """SHA-256, in hexadecimal, over names and contents of a project's files except build_id.c."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        if name != BUILD_ID:
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def sources(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The files that are compiled, in the order in which they are linked."""
    return tuple(sorted(name for name in files if Path(name).suffix in (".c", ".cc", ".S")))


def _network(
    network: Network, board: Board, plan: MemoryPlan, runtime: str, values: Mapping[str, object]
) -> dict[str, bytes]:
    view = view_network(network, plan)
    arrays = view_constants(network, packed=runtime == "native")
    folded = "the input's zero point folded in: bias - zero point * sum of the weights"
    return {
        "network.c": render(
            f"network_{runtime.replace('-', '_')}.c.j2",
            **values,
            layers=view.layers,
            buffers=view.buffers,
            memory_table=ctext.columns(plan_table(network, plan, board)),
            fully_connected_function=cmsis_nn.fully_connected_function,
        ),
        "weights.h": render(
            "weights.h.j2",
            **values,
            arrays=arrays,
            bias_meaning=folded if runtime == "native" else "as in the model",
        ),
        "weights.c": render("weights.c.j2", **values, arrays=arrays),
    }


def _makefile(files: Mapping[str, bytes], values: Mapping[str, object]) -> bytes:
    headers = [Path(name) for name in files if name.startswith(f"{cmsis_nn.FOLDER}/") and name.endswith(".h")]
    return render(
        "Makefile.j2",
        **values,
        sources=sorted((*sources(files), BUILD_ID)),
        includes=INCLUDES,
        library_includes=sorted({f"{cmsis_nn.FOLDER}/{path.parts[1]}" for path in headers}),
    )
