"""The loader's C project: what its own make needs, as bytes by relative path."""

from __future__ import annotations

from collections.abc import Mapping

from edgel3_deploy.boards.board import Board
from edgel3_deploy.codegen.files import BUILD_ID, MAKEFILE, build_id_source, sources
from edgel3_deploy.codegen.firmware import INCLUDES, loader_files
from edgel3_deploy.codegen.memory_map import board_header, loader_script
from edgel3_deploy.codegen.render import render
from edgel3_deploy.image.layout import FlashLayout


def render_loader(board: Board, layout: FlashLayout) -> Mapping[str, bytes]:
    """The project whose make gives loader.elf and loader.bin; `layout` must have a loader and slots."""
    files = loader_files(board)
    files["board.h"] = board_header(board, layout)
    files["linker.ld"] = loader_script(board, layout)
    files[MAKEFILE] = render(
        "Makefile.j2",
        front_end=None,
        model_name="the loader",
        board=board,
        runtime="loader",
        target="loader",
        optimize="-Os",
        pack=None,
        sources=sorted((*sources(files), BUILD_ID)),
        includes=INCLUDES,
    )
    files[BUILD_ID] = build_id_source(files)
    return dict(sorted(files.items()))
