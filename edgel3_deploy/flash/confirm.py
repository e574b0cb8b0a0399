"""Ask the board itself, once it runs, which image it has: the last word of every way of flashing."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError, LinkError
from edgel3_deploy.flash.base import FlashResult
from edgel3_deploy.link import diagnosis
from edgel3_deploy.link.answers import SlotImage
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.port import open_port
from edgel3_deploy.link.probe import Session
from edgel3_deploy.link.protocol import Role, SlotState
from edgel3_deploy.progress import Progress

_START_SECONDS = 25.0
"""Longer than a new image's three trials of 4 s each, after which the loader starts the former one."""
_LOADER_PATIENCE = 3.0
_POLL_SECONDS = 0.5
_TRIAL_SECONDS = 10.0
_TRIAL_PAUSE = 0.25
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Expected:
    """What the board should report: the build id, and the CRC-32 of the image by slot.

    Without a loader there are no slots: `bare` is what stands at the start of flash.
    """

    build_id: bytes
    crcs: tuple[int, ...] = ()
    bare: bytes = b""

    def crc(self, image: SlotImage) -> int | None:
        """The CRC of what the board describes, None if the build has nothing for that place."""
        if not image.slots:
            return zlib.crc32(self.bare[: image.size]) if self.bare else None
        return self.crcs[image.slot] if image.slot < len(self.crcs) else None


@contextmanager
def awaited(
    role: Role, board: Board, path: str, seconds: float, patience: float = float("inf")
) -> Iterator[Session]:
    """A session on `path` once `role` answers there, or the other role for `patience` seconds.

    The port may vanish or be busy meanwhile. Raises the last LinkError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    other_since: float | None = None
    while True:
        with contextlib.ExitStack() as opened:
            try:
                port = opened.enter_context(open_port(path, board.uart.baudrate))
                found = Client(port, timeout=_POLL_SECONDS, retries=0).hello()
            except LinkError:
                if time.monotonic() >= deadline:
                    raise
                other_since = None
            else:
                now = time.monotonic()
                other_since = now if other_since is None else other_since
                if found is role or now >= deadline or now - other_since >= patience:
                    client = Client(port)
                    yield Session(path, client, client.hello())
                    return
        time.sleep(_PAUSE_SECONDS)


def confirm(
    result: FlashResult, expected: Expected, board: Board, path: str, progress: Progress
) -> FlashResult:
    """`result` with what the board on `path` reports of itself.

    Raises FlashError if it runs another image, none, or does not answer.
    """
    progress("asking the board which image it runs")
    try:
        with awaited(Role.APPLICATION, board, path, _START_SECONDS, _LOADER_PATIENCE) as found:
            if found.role is not Role.APPLICATION:
                raise FlashError(
                    f"the loader on {path} does not start the image: "
                    f"{diagnosis.why_it_waits(found.client.read_reset())}",
                    "Flash again; if it stays, build again or send this line to who maintains the board.",
                )
            identity = found.client.identify()
            image = _settled(found.client)
    except LinkError as error:
        raise FlashError(
            f"the image is programmed, but the board does not say so itself: {error.message}",
            f"{error.hint} The board may also hang in the new image: press reset.",
        ) from error
    if identity.board != board.name:
        raise FlashError(
            f"the board on {path} is {identity.board}, not {board.name}",
            "Name the port of the board that was programmed (--port).",
        )
    if identity.build_id != expected.build_id:
        former = "; the new one did not come up, so it went back" if image.slots > 1 else ""
        raise FlashError(
            f"the board on {path} runs build {identity.build_id.hex()[:12]}, not the build "
            f"{expected.build_id.hex()[:12]} that was programmed{former}",
            "Flash again; check that --port is the board that was programmed.",
        )
    wanted = expected.crc(image)
    if image.crc != wanted:
        raise FlashError(
            f"the board on {path} computes CRC 0x{image.crc:08x} over its image, the build's is "
            f"{'unknown' if wanted is None else f'0x{wanted:08x}'}",
            "Flash again; if it stays, the flash is worn.",
        )
    notes = result.notes
    if image.slots > 1 and image.state is SlotState.TRIAL:
        notes += ("the image is still on trial: it has not reported a healthy start yet",)
    return dataclasses.replace(
        result,
        notes=notes,
        slot=image.slot if image.slots else None,
        crc=image.crc,
        build_id=identity.build_id.hex(),
        confirmed_by_board=True,
    )


def _settled(client: Client) -> SlotImage:
    """The running image; where there is a former one to go back to, once it has reported a healthy start.

    A board that is switched off before that has used up one of the image's trials.
    """
    deadline = time.monotonic() + _TRIAL_SECONDS
    while True:
        image = client.read_image()
        on_trial = image.slots > 1 and image.state is SlotState.TRIAL
        if not on_trial or time.monotonic() >= deadline:
            return image
        time.sleep(_TRIAL_PAUSE)
