"""Update the board over its own serial port, through the resident loader."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError, LinkError
from edgel3_deploy.flash.application import Application
from edgel3_deploy.flash.base import FlashResult
from edgel3_deploy.flash.confirm import awaited
from edgel3_deploy.flash.first import first_time
from edgel3_deploy.image.header import IMAGE_HEADER_SIZE
from edgel3_deploy.link import diagnosis
from edgel3_deploy.link.answers import SlotImage
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import CrashedError, NotSupportedError, RefusedError
from edgel3_deploy.link.port import open_port
from edgel3_deploy.link.probe import session
from edgel3_deploy.link.protocol import MAX_CHUNK, WRITE_UNIT, ErrorCode, Role, SlotState, StayReason
from edgel3_deploy.progress import Progress

TOOL = "loader"
_LOADER_SECONDS = 10.0
_NOTHING_LOST = "Check cable and power, then run the same command again: the loader waits for it."


def flash(
    applications: Sequence[Application], board: Board, path: str, progress: Progress, *, force: bool = False
) -> FlashResult:
    """Reach the loader, choose a slot, erase, write, let the loader verify and start the application.

    `applications` has one entry per slot, in their order. `force` accepts a version below the installed one.
    Interrupted anywhere, the same call again recovers the board. Raises LinkError if nobody who can be
    updated answers, FlashError if the update is refused or fails.
    """
    progress(f"flashing through the loader on {path}")
    _enter_loader(board, path)
    stage = _Stage(progress)
    with awaited(Role.LOADER, board, path, _LOADER_SECONDS) as found:
        if found.role is not Role.LOADER:
            raise FlashError(
                f"the application on {path} was asked to start the loader, and still runs",
                "Press reset, and run the command again.",
            )
        client = found.client
        _check_board(client, board, path)
        notes = _reported(client)
        slot = _choose(client, path, len(applications))
        application = applications[slot.slot]
        _check_origin(slot, application, path)
        try:
            sectors = _update(client, slot, application, stage, force=force)
        except RefusedError as error:
            restarted = error.code in (ErrorCode.NO_HANDSHAKE, ErrorCode.NO_UPDATE)
            raise FlashError(error.message, _NOTHING_LOST if restarted else error.hint) from error
        except LinkError as error:
            raise FlashError(f"{error.message} while {stage.name}", _NOTHING_LOST) from error
    numbers = tuple(sector.number for sector in board.sectors if sector.origin >= slot.origin)[:sectors]
    return FlashResult(TOOL, len(application.image), numbers, verified=True, slot=slot.slot, notes=notes)


class NeedsProbeError(FlashError):
    """The board answers, and only a debug probe can bring this build onto it."""


class _Stage:
    """Passes progress on and remembers what was going on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.name = "announcing the update"

    def __call__(self, name: str, done: int = 0, total: int = 0) -> None:
        self.name = name
        self._progress(name, done, total)


def _enter_loader(board: Board, path: str) -> None:
    """Ask the application, if it is what answers, to restart into the loader."""
    try:
        with session(board, path) as found:
            if found.role is Role.LOADER:
                return
            _check_board(found.client, board, path)
            _ask_for_loader(found.client, board, path)
    except CrashedError:
        # What has crashed still takes this one request, and its watchdog may have been faster.
        with open_port(path, board.uart.baudrate) as port, contextlib.suppress(LinkError):
            Client(port).enter_bootloader()


def _ask_for_loader(client: Client, board: Board, path: str) -> None:
    no_loader = NeedsProbeError(
        f"the firmware on {path} has no loader: it cannot be updated over serial",
        f"Program it once {first_time(board)}.",
    )
    if not client.read_image().slots:
        raise no_loader
    try:
        client.enter_bootloader()
    except NotSupportedError as error:
        raise no_loader from error


def _check_board(client: Client, board: Board, path: str) -> None:
    identity = client.identify()
    if identity.board != board.name:
        raise FlashError(
            f"the board on {path} is {identity.board}, not {board.name}; nothing was erased",
            "Choose the board that is plugged in (--board), or the port of this one (--port).",
        )


def _reported(client: Client) -> tuple[str, ...]:
    """What the user should know of the time before: why the loader waited, and a fault on record."""
    record = client.read_reset()
    if (
        record.stay_reason in (StayReason.NONE, StayReason.REQUESTED, StayReason.NO_IMAGE)
        and not record.fault
    ):
        return ()
    return (f"before this update the loader waited: {diagnosis.why_it_waits(record)}",)


def _choose(client: Client, path: str, images: int) -> SlotImage:
    """The slot to write: the only one, or the one that does not hold the latest image known to work."""
    first = client.read_image(0)
    if first.slots != images:
        raise NeedsProbeError(
            f"the loader on {path} divides the flash into {_slots(first.slots)}, the build has "
            f"{_slots(images)}; nothing was erased",
            "Build with the loader's --slots, or program loader and application anew (--via openocd).",
        )
    slots = [first, *(client.read_image(number) for number in range(1, first.slots))]
    # The loader refuses to give this one away.
    may_start = [
        slot for slot in slots if slot.whole and slot.state in (SlotState.TRIAL, SlotState.CONFIRMED)
    ]
    keep = max(may_start, key=lambda slot: (slot.state is SlotState.CONFIRMED, slot.sequence), default=None)
    return next((slot for slot in slots if slot is not keep), first)


def _check_origin(slot: SlotImage, application: Application, path: str) -> None:
    origin = application.announcement.origin
    if origin != slot.origin:
        raise NeedsProbeError(
            f"slot {slot.slot} of the loader on {path} starts at {slot.origin:#010x}, the build's at "
            f"{origin:#010x}: another version divided the flash; nothing was erased",
            "Program loader and application anew (--via openocd).",
        )


def _slots(count: int) -> str:
    return f"{count} slot" if count == 1 else f"{count} slots"


def _update(
    client: Client, slot: SlotImage, application: Application, progress: _Stage, *, force: bool
) -> int:
    """Return how many sectors were erased."""
    sectors = client.begin_update(slot.slot, application.announcement, force=force)
    for sector in range(sectors):
        progress("erasing", sector, sectors)
        client.erase(sector)
    image = application.image
    for offset in range(0, len(image), MAX_CHUNK):
        progress("writing", offset, len(image))
        chunk = image[offset : offset + MAX_CHUNK]
        client.write(IMAGE_HEADER_SIZE + offset, chunk + b"\xff" * (-len(chunk) % WRITE_UNIT))
    progress("writing", len(image), len(image))
    progress("verifying")
    found = client.verify()
    if found != application.announcement.crc:
        raise FlashError(
            f"the loader reports CRC 0x{found:08x}, the image's is 0x{application.announcement.crc:08x}",
            "Build and flash with this version of edgel3-deploy.",
        )
    progress("starting the application")
    client.boot()
    return sectors
