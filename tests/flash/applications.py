"""Applications for the slots of a board, and files as a build writes them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from edgel3_deploy.boards.board import Board
from edgel3_deploy.flash.application import Application, read_application
from edgel3_deploy.image.hexfile import to_hex
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.image.pack import pack_files
from tests.flash.images import image_for


def write_build(
    folder: Path,
    board: Board,
    *,
    slots: int = 1,
    size: int = 70_001,
    seed: str = "this build",
    version: int = 1,
) -> Any:
    """What flashing needs of a build, its files in `folder`: images that could start, each for its slot."""
    layout = flash_layout(board, slots)
    build_id = hashlib.sha256(seed.encode()).digest()
    body = image_for(board, size)[:-32] + build_id
    files = pack_files(
        {slot.origin: body[:-1] + bytes([number]) for number, slot in enumerate(layout.slots)},
        image_for(board, 9_000),
        board.flash.origin,
        board=board.name,
        build_id=build_id,
        version=version,
    )
    for name, content in files.items():
        (folder / name).write_bytes(content)
    names = [name for name in ("application.bin", "application-1.bin") if name in files]
    return SimpleNamespace(
        board=board,
        directory=folder,
        manifest=SimpleNamespace(build_id=build_id.hex()),
        hex=folder / "firmware.hex",
        bin=folder / "firmware.bin",
        applications=tuple(folder / name for name in names),
    )


def write_bare_build(folder: Path, board: Board, size: int = 5_000) -> Any:
    """The same without a loader: an image that could start, at the start of flash."""
    build = write_build(folder, board)
    build.bin.write_bytes(image_for(board, size))
    build.hex.write_bytes(to_hex([(board.flash.origin, image_for(board, size))]))
    build.applications = ()
    return build


def applications(folder: Path, board: Board, **options: Any) -> tuple[Application, ...]:
    """The applications of such a build, one for each slot."""
    return tuple(read_application(path, board) for path in write_build(folder, board, **options).applications)
