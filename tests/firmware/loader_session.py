"""What tests do with a virtual board that has a loader."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edgel3_deploy.boards import Board
from edgel3_deploy.emulate import start
from edgel3_deploy.errors import LinkError
from edgel3_deploy.image.header import IMAGE_HEADER_SIZE
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.port import Port, open_port
from edgel3_deploy.link.protocol import MAX_CHUNK, Role
from tests.firmware.images import BUILD_ID, Flashable

PATIENCE_SECONDS = 300.0
"""Many times what takes longest: the watchdog's seconds are the chip's, not those of a busy machine."""
ANSWER_SECONDS = 5.0
"""For a reply, before it is asked for again."""


@contextmanager
def powered(board: Board, **options: Any) -> Iterator[Port]:
    """The port of a board that was switched on."""
    with start(board, **options) as virtual, open_port(virtual.port, board.uart.baudrate) as port:
        yield port


def session(port: Port, expected: Role) -> Client:
    """A session with the role that is expected, once it answers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            assert Client(port, timeout=1.0).hello() is expected
        except LinkError:
            if time.monotonic() > deadline:
                raise
        else:
            return Client(port, timeout=ANSWER_SECONDS)


def ask(client: Client, name: str, **values: Any) -> dict[str, Any]:
    return client._request(name, values)


def update(client: Client, board: Board, flashable: Flashable, slot: int = 0) -> None:
    """An update through the protocol, up to and with the start of the application."""
    write_update(client, board, flashable, flashable.images[slot], slot)


def write_update(client: Client, board: Board, flashable: Flashable, image: bytes, slot: int) -> None:
    """The same with any bytes for an image."""
    announced = ask(
        client,
        "begin_update",
        slot=slot,
        flags=0,
        origin=flashable.layout.slots[slot].origin,
        size=len(image),
        crc=zlib.crc32(image),
        version=1,
        build_id=BUILD_ID,
        board=board.name,
    )
    for sector in range(announced["sectors"]):
        ask(client, "erase", sector=sector)
    padded = image + b"\xff" * (-len(image) % 32)
    for offset in range(0, len(padded), MAX_CHUNK):
        ask(client, "write", offset=IMAGE_HEADER_SIZE + offset, data=padded[offset : offset + MAX_CHUNK])
    assert ask(client, "verify") == {"crc": zlib.crc32(image)}
    ask(client, "boot")
