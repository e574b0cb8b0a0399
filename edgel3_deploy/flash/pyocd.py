"""Program the board over SWD with pyOCD."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash.base import FlashResult, Image, require_equal
from edgel3_deploy.flash.external import read_dump, run_tool, workspace
from edgel3_deploy.progress import Progress

TOOL = "pyocd"
_PACKAGE = "`pip install pyocd`"


def flash(image: Image, board: Board, port: str | None, progress: Progress) -> FlashResult:
    """Program, read the whole image back and compare it here, then reset.

    pyOCD's loaders for the H7 have corrupted flash before. `port` is not used.
    """
    if board.debug is None or not board.debug.pyocd_target:
        raise FlashError(f"{board.name} names no pyOCD target", "Add debug.pyocd_target to its board file.")
    target = ["-t", board.debug.pyocd_target]
    with workspace(image) as (folder, name):
        progress("programming with pyOCD")
        base = [] if name.endswith(".elf") else ["--base-address", f"0x{image.origin:08x}"]
        run_tool([TOOL, "flash", *target, *base, name], folder, _PACKAGE)
        progress("reading back with pyOCD")
        command = f"savemem 0x{image.origin:08x} {len(image.data)} readback.bin"
        run_tool([TOOL, "cmd", *target, "-c", command], folder, _PACKAGE)
        found = read_dump(folder / "readback.bin", TOOL)
        require_equal(image.data, found, image.origin)
        run_tool([TOOL, "reset", *target], folder, _PACKAGE)
    sectors = tuple(sector.number for sector in image.sectors(board))
    return FlashResult(TOOL, len(image.data), sectors, verified=True)
