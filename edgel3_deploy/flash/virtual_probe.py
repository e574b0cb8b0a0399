"""The debug probe of a virtual board: it changes the flash file as an ST-LINK changes the flash over SWD."""

from __future__ import annotations

import os
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError
from edgel3_deploy.fileio import try_lock
from edgel3_deploy.flash.base import FlashResult, Image, require_equal

TOOL = "virtual debug probe"
_ERASED = b"\xff"


def program(image: Image, board: Board, file: Path) -> FlashResult:
    """Erase the sectors that the image touches, program and read it back; an absent file is a blank board.

    Raises FlashError if the file is in use by a running virtual board, has another size, or is not writable.
    """
    from edgel3_deploy.emulate.stm32.ecc import PoisonedWords

    words = PoisonedWords(file.with_name(f"{file.name}.ecc"))
    sectors = image.sectors(board)
    flash = board.flash
    try:
        with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as stream:
            if not try_lock(stream):
                raise FlashError(f"{file} is in use by another virtual board", "Stop that one first.")
            size = os.fstat(stream.fileno()).st_size
            if size == 0:
                stream.write(_ERASED * flash.size)
            elif size != flash.size:
                raise FlashError(
                    f"{file} is no flash contents of {board.name}: {size} bytes, its flash has {flash.size}",
                    "Delete it to start with a blank board.",
                )
            for sector in sectors:
                stream.seek(sector.origin - flash.origin)
                stream.write(_ERASED * sector.size)
                words.heal(sector.origin, sector.size)
            for part in image.parts:
                stream.seek(part.origin - flash.origin)
                stream.write(part.data)
            for part in image.parts:
                stream.seek(part.origin - flash.origin)
                require_equal(part, stream.read(len(part.data)))
    except OSError as error:
        raise FlashError(
            f"cannot use {file} as flash contents: {error.strerror}", "Check the folder and its permissions."
        ) from error
    return FlashResult(TOOL, image.size, tuple(sector.number for sector in sectors), verified=True)
