"""Program the board over SWD with pyOCD."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash.base import FlashResult, Image
from edgel3_deploy.flash.external import FILE, compare_dumps, dump_name, run_tool, workspace
from edgel3_deploy.progress import Progress

TOOL = "pyocd"
_PACKAGE = "`pip install 'pyocd>=0.36'`"


def flash(image: Image, board: Board, port: str | None, progress: Progress) -> FlashResult:
    """Program, read the whole image back and compare it here, then reset.

    pyOCD's loaders for the H7 have corrupted flash before. `port` is not used.
    """
    if board.debug is None or not board.debug.pyocd_target:
        raise FlashError(f"{board.name} names no pyOCD target", "Add debug.pyocd_target to its board file.")
    target = ["-t", board.debug.pyocd_target]
    with workspace(image) as folder:
        progress("programming with pyOCD")
        run_tool([TOOL, "flash", *target, FILE], folder, _PACKAGE)
        progress("reading back with pyOCD")
        for number, part in enumerate(image.parts):
            command = f"savemem 0x{part.origin:08x} {len(part.data)} {dump_name(number)}"
            run_tool([TOOL, "cmd", *target, "-c", command], folder, _PACKAGE)
        compare_dumps(image, folder, TOOL)
        run_tool([TOOL, "reset", *target], folder, _PACKAGE)
    sectors = tuple(sector.number for sector in image.sectors(board))
    return FlashResult(TOOL, image.size, sectors, verified=True)
