"""Choose the tool, check the image, program the board."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import UsageError
from edgel3_deploy.flash import openocd, pyocd, rom_bootloader
from edgel3_deploy.flash.base import Flasher, FlashResult, UnreachableError
from edgel3_deploy.flash.image import load_image
from edgel3_deploy.flash.virtual import VIRTUAL, port_to_program
from edgel3_deploy.progress import Progress, silent

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.prepared import PreparedBuild

TOOLS: Mapping[str, Flasher] = {"rom": rom_bootloader.flash, "openocd": openocd.flash, "pyocd": pyocd.flash}


def flash(
    image: Path | bytes, board: Board, port: str | None, *, via: str = "rom", progress: Progress = silent
) -> FlashResult:
    """Program `image` (build folder, ELF, BIN or the BIN's bytes) and verify it by read-back.

    `port` is a serial port for `via` "rom" and ignored by the SWD tools. Raises UsageError, BadInputError,
    FlashError, and LinkError for a port that cannot be used.
    """
    if via not in TOOLS:
        raise UsageError(f"unknown flash tool '{via}'", f"Choose one of {', '.join(TOOLS)}.")
    return TOOLS[via](load_image(image, board), board, port, progress)


def flash_build(
    build: PreparedBuild, port: str | None, *, via: str = "rom", progress: Progress = silent
) -> FlashResult:
    """Program a build onto its board; with `port` "virtual" onto the virtual board of its folder."""
    if port != VIRTUAL:
        return flash(build.elf, build.board, port, via=via, progress=progress)
    if via != "rom":
        raise UsageError("the virtual board has no debug probe", "Leave --via out.")
    try:
        with port_to_program(build.board, build.directory) as path:
            return flash(build.elf, build.board, path, via=via, progress=progress)
    except UnreachableError:
        # As a person would: hold BOOT0 high and switch the board on again.
        with port_to_program(build.board, build.directory, boot0=True) as path:
            return flash(build.elf, build.board, path, via=via, progress=progress)
