"""Program the board over SWD with OpenOCD."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash.base import FlashResult, Image
from edgel3_deploy.flash.external import FILE, compare_dumps, dump_name, run_tool, workspace
from edgel3_deploy.progress import Progress

TOOL = "openocd"
_PACKAGE = "Debian package openocd"


def flash(image: Image, board: Board, port: str | None, progress: Progress) -> FlashResult:
    """Program, then read the whole image back in a second run and compare it here.

    OpenOCD's own `verify` compares what its flash driver knows of: a configuration that does not know the
    second bank of an H7 truncates the image silently. `port` is not used.
    """
    if board.debug is None or not board.debug.openocd_config:
        raise FlashError(
            f"{board.name} names no OpenOCD configuration", "Add debug.openocd_config to its board file."
        )
    base = [TOOL, "-f", board.debug.openocd_config, "-c"]
    with workspace(image) as folder:
        progress("programming with OpenOCD")
        run_tool([*base, f"program {FILE} verify reset exit"], folder, _PACKAGE)
        progress("reading back with OpenOCD")
        dumps = "; ".join(
            f"dump_image {dump_name(number)} 0x{part.origin:08x} {len(part.data)}"
            for number, part in enumerate(image.parts)
        )
        run_tool([*base, f"init; reset halt; {dumps}; reset run; shutdown"], folder, _PACKAGE)
        compare_dumps(image, folder, TOOL)
    sectors = tuple(sector.number for sector in image.sectors(board))
    return FlashResult(TOOL, image.size, sectors, verified=True)
