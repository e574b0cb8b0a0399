"""Program the board over SWD with OpenOCD."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash.base import FlashResult, Image, require_equal
from edgel3_deploy.flash.external import read_dump, run_tool, workspace
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
    with workspace(image) as (folder, name):
        progress("programming with OpenOCD")
        # A BIN carries no addresses of its own.
        target = name if name.endswith(".elf") else f"{name} 0x{image.origin:08x}"
        run_tool([*base, f"program {target} verify reset exit"], folder, _PACKAGE)
        progress("reading back with OpenOCD")
        dump = f"dump_image readback.bin 0x{image.origin:08x} {len(image.data)}"
        run_tool([*base, f"init; reset halt; {dump}; reset run; shutdown"], folder, _PACKAGE)
        found = read_dump(folder / "readback.bin", TOOL)
    require_equal(image.data, found, image.origin)
    sectors = tuple(sector.number for sector in image.sectors(board))
    return FlashResult(TOOL, len(image.data), sectors, verified=True)
