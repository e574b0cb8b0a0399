"""Applications for the slots of a board, and files as a build writes them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from edgel3_deploy.boards.board import Board
from edgel3_deploy.flash.application import Application, read_application
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
    manifest = SimpleNamespace(build_id=build_id.hex(), files=dict.fromkeys(files, ""))
    return SimpleNamespace(board=board, directory=folder, manifest=manifest, elf=folder / "firmware.elf")


def applications(folder: Path, board: Board, **options: Any) -> tuple[Application, ...]:
    """The applications of such a build, one for each slot."""
    build = write_build(folder, board, **options)
    names = [name for name in ("application.bin", "application-1.bin") if name in build.manifest.files]
    return tuple(read_application(folder / name, board) for name in names)
