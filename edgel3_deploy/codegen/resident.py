"""What a board with a loader adds to a project: the loader itself, and what packs images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy import image
from edgel3_deploy.boards.board import Board
from edgel3_deploy.codegen.loader import render_loader
from edgel3_deploy.image.layout import FlashLayout
from edgel3_deploy.image.pack import SHIPPED

LOADER_FOLDER = "loader"
"""The loader's project, with a Makefile of its own."""
TOOLS_FOLDER = "tools"
"""Where Python finds the package `image`, which packs images."""


@dataclass(frozen=True)
class Packing:
    """What the Makefile tells the packing tool: the image's version, the flash's and each slot's address."""

    version: int
    flash: int
    slots: tuple[int, ...]


def packing(board: Board, layout: FlashLayout, version: int) -> Packing:
    """How images of `layout` are packed."""
    return Packing(version, board.flash.origin, tuple(slot.origin for slot in layout.slots))


def resident_files(board: Board, layout: FlashLayout) -> Mapping[str, bytes]:
    """The files by their path in the project. The packing tool is this package's own code."""
    folder = Path(image.__file__).parent
    return {
        **{f"{LOADER_FOLDER}/{name}": content for name, content in render_loader(board, layout).items()},
        **{f"{TOOLS_FOLDER}/image/{name}": (folder / name).read_bytes() for name in SHIPPED},
    }
