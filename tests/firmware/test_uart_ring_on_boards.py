"""Requests that come while the application computes, in the chip's own time: the ring keeps them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.emulate import Quirks, start
from edgel3_deploy.link import codec
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.port import Port, open_port
from edgel3_deploy.link.protocol import MAX_CHUNK
from edgel3_deploy.resources import firmware_dir
from tests.firmware.images import build_image
from tests.firmware.test_on_boards import INPUT

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")

LONG_RUN = 122
PATIENCE_SECONDS = 120.0
ATTEMPTS = 3
RUN, IDENTIFY, LOAD_INPUT, REPLY = 0x04, 0x02, 0x03, 0x80
REAL = Quirks(pace="real")
POLLED = (
    ("    uart_ring_start();\n", ""),
    ("uart_ring_read(&byte)", "uart_read(&byte)"),
)
"""What turns the application back into one that takes bytes from the receiver itself."""


def request(name: str, sequence: int, **values: int | bytes) -> bytes:
    message = codec.request(name)
    return encode_frame(Frame(message.id, sequence, codec.encode(message, values)))


def replies(port: Port, wanted: int, seconds: float = PATIENCE_SECONDS) -> list[tuple[int, int]]:
    """Type and sequence of the next `wanted` frames, or of those that come in time."""
    decoder = FrameDecoder()
    found: list[tuple[int, int]] = []
    end = time.monotonic() + seconds
    while len(found) < wanted and time.monotonic() < end:
        found += [(frame.type, frame.sequence) for frame in decoder.feed(port.read(0.2))]
    return found


def compute(port: Port) -> None:
    """Have the application begin a run of more than a second."""
    client = Client(port, timeout=5.0)
    client.hello()
    client.load_input(bytes([LONG_RUN]) + INPUT[1:])
    port.write(request("run", 100, flags=0))
    time.sleep(0.05)


@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7"])
def test_requests_during_a_long_run_are_answered_after_it(
    image_for: Callable[[str], Path], name: str
) -> None:
    board = load_board(name)
    chunk = request("load_input", 101, offset=0, data=bytes(MAX_CHUNK))
    with (
        start(board, image=image_for(name), quirks=REAL) as virtual,
        open_port(virtual.port, 115_200) as port,
    ):
        compute(port)
        port.write(chunk + chunk + request("identify", 102))
        answers = replies(port, 4)
    assert answers == [
        (RUN | REPLY, 100),
        (LOAD_INPUT | REPLY, 101),
        (LOAD_INPUT | REPLY, 101),
        (IDENTIFY | REPLY, 102),
    ]


def test_without_the_ring_they_are_lost(arm_gcc: Path, tmp_path: Path) -> None:
    """The test above can fail."""
    board = load_board("stm32f7")
    main = tmp_path / "main.c"
    text = (firmware_dir() / "application/main.c").read_text()
    for old, new in POLLED:
        assert text.count(old) == 1
        text = text.replace(old, new)
    main.write_text(text)
    image = build_image(arm_gcc, board, tmp_path / "image", main=main)
    with start(board, image=image, quirks=REAL) as virtual, open_port(virtual.port, 115_200) as port:
        # On a busy computer the polled receiver loses bytes of the run's own request, too.
        for _ in range(ATTEMPTS):
            compute(port)
            port.write(request("identify", 102))
            if answers := replies(port, 1, seconds=30.0):
                answers += replies(port, 1, seconds=5.0)
                break
    assert (RUN | REPLY, 100) in answers
    assert (IDENTIFY | REPLY, 102) not in answers
