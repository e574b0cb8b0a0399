"""Choose the way, program the board, and ask the board itself what it holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError, LinkError, UsageError
from edgel3_deploy.flash import drive, openocd, pyocd, rom_bootloader, serial, virtual
from edgel3_deploy.flash.base import Flasher, FlashResult
from edgel3_deploy.flash.confirm import confirm
from edgel3_deploy.flash.delivery import Delivery, delivery
from edgel3_deploy.flash.first import first_time
from edgel3_deploy.flash.image import load_image
from edgel3_deploy.link.diagnosis import OtherVersionError, UnansweredError
from edgel3_deploy.link.discover import find_port
from edgel3_deploy.link.port import AUTO, VIRTUAL
from edgel3_deploy.progress import Progress, silent

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.prepared import PreparedBuild

SERIAL = "serial"
TOOLS: Mapping[str, Flasher] = {
    "openocd": openocd.flash,
    "pyocd": pyocd.flash,
    "drive": drive.flash,
    "rom": rom_bootloader.flash,
}
"""The ways of programming all of the flash, loader included; SERIAL updates the application alone."""
WAYS = (SERIAL, *TOOLS)


def flash(
    image: Path | bytes, board: Board, port: str | None, *, via: str, progress: Progress = silent
) -> FlashResult:
    """Program `image` (build folder, ELF, HEX, BIN or the BIN's bytes) with one of TOOLS.

    `port` is a serial port for `via` "rom" and ignored by the others. Raises UsageError, BadInputError,
    FlashError, and LinkError for a port that cannot be used.
    """
    if via not in TOOLS:
        raise UsageError(f"unknown flash tool '{via}'", f"Choose one of {', '.join(TOOLS)}.")
    return TOOLS[via](load_image(image, board), board, port, progress)


def flash_build(
    build: PreparedBuild,
    port: str | None,
    *,
    via: str | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> FlashResult:
    """Bring a build onto its board, and compare what the board then reports of itself.

    `port` is a serial port, "auto" for the one that looks like this board, or "virtual" for the virtual board
    of the build's folder. `via` is one of WAYS, by default the loader over serial. `force` lets the loader
    accept a version below the installed one. Raises what `flash` raises.
    """
    if via not in (None, *WAYS):
        raise UsageError(f"unknown flash tool '{via}'", f"Choose one of {', '.join(WAYS)}.")
    goods = delivery(build)
    if port == VIRTUAL:
        return virtual.flash(goods, via, progress, force=force)
    if via is None and not goods.applications:
        raise UsageError(
            "this build has no loader that could be updated over serial",
            f"Name a way: --via {', '.join(TOOLS)}; or build without --no-loader.",
        )
    if via in (None, SERIAL):
        path = _board_port(goods.board, port)
        return confirm(_updated(goods, path, progress, force), goods.expected, goods.board, path, progress)
    if via == "rom" and port == AUTO:
        raise UsageError("the ROM bootloader is behind an adapter", "Name the adapter's port with --port.")
    progress(f"flashing through {via}")
    result = flash(goods.image, goods.board, port, via=str(via), progress=progress)
    return _asked(result, goods, _named(goods.board, port, str(via)), progress)


def _board_port(board: Board, port: str | None) -> str:
    if port not in (None, AUTO):
        return str(port)
    try:
        return find_port(board)
    except LinkError as error:
        raise LinkError(
            error.message, f"{error.hint} A board that has no loader yet is programmed {first_time(board)}."
        ) from error


def _updated(goods: Delivery, path: str, progress: Progress, force: bool) -> FlashResult:
    try:
        return serial.flash(goods.applications, goods.board, path, progress, force=force)
    except UnansweredError as error:
        raise FlashError(
            f"no loader answers on {path}: {error.message}",
            f"If it has none yet, program it once {first_time(goods.board)}. {error.hint}",
        ) from error
    except OtherVersionError as error:
        raise FlashError(error.message, f"Program it once {first_time(goods.board)}.") from error


def _named(board: Board, port: str | None, via: str) -> str | None:
    """The board's own port, if it was named: what the ROM was reached on is an adapter's, mostly."""
    through_adapter = via == "rom" and board.bootloader is not None and not board.bootloader.over_vcp
    return None if port == AUTO or through_adapter else port


def _asked(result: FlashResult, goods: Delivery, named: str | None, progress: Progress) -> FlashResult:
    """The result with the board's own word; without a port that was named, as far as it can be had."""

    def asked(path: str) -> FlashResult:
        answered = confirm(result, goods.expected, goods.board, path, progress)
        return dataclasses.replace(answered, verified=result.verified or answered.crc is not None)

    if named is not None:
        return asked(named)
    try:
        path = find_port(goods.board)
    except LinkError:
        note = "not compared with what the board reports: no port was named (--port) or found"
    else:
        try:
            return asked(path)
        except (FlashError, LinkError) as error:
            note = f"not compared with what the board reports: {error.message}"
    return dataclasses.replace(result, notes=(*result.notes, note))
