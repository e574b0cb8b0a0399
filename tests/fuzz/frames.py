"""Both sides of the serial link: the client and a faulty board, the firmware's parser under sanitizers."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import cast

from edgel3_deploy.link.client import Client
from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.port import Port
from edgel3_deploy.link.protocol import MAX_BODY, PROTOCOL_VERSION, REPLY_BIT
from tests.fuzz.mutate import damaged

HELLO = encode_frame(Frame(0x01, 1, PROTOCOL_VERSION.to_bytes(2, "little")))
FRAMES_A_RUN = 200


class FaultyPort:
    """A port whose board answers by chance: rightly, damaged, late, with another's reply, or not at all."""

    path, baudrate = "/dev/faulty", 115_200

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._decoder = FrameDecoder()
        self._waiting = b""
        self.foreign_only = True
        """Whether no reply so far bore the number of the request."""

    def write(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self._waiting += self._answer(frame)

    def read(self, timeout: float) -> bytes:
        taken = self._rng.choice((len(self._waiting), 1, 7))
        data, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return data

    def discard_input(self) -> None:
        self._waiting = b""

    def _answer(self, frame: Frame) -> bytes:
        rng = self._rng
        sequence = frame.sequence if rng.random() < 0.8 else rng.randrange(256)
        kind = rng.choice((frame.type | REPLY_BIT,) * 9 + (rng.randrange(256), 0xFF, 0xFE))
        body = rng.randbytes(rng.choice((0, 1, 2, 3, 8, 40, 76, 120, rng.randrange(MAX_BODY))))
        if kind == 0x81 and rng.random() < 0.7:
            body = PROTOCOL_VERSION.to_bytes(2, "little") + bytes((rng.randrange(3),))
        self.foreign_only &= sequence != frame.sequence
        wire = encode_frame(Frame(kind, sequence, body))
        if rng.random() < 0.3:
            wire = damaged(rng, wire)
        return rng.randbytes(rng.randrange(20)) + wire if rng.random() < 0.3 else wire


def client_case(rng: random.Random) -> Callable[[], object]:
    """A few requests to a faulty board: an answer, or an error of ours; never another request's answer."""
    port = FaultyPort(rng)
    client = Client(cast(Port, port), timeout=0.002, run_timeout=0.004, retries=1)
    calls = (client.identify, client.memory, client.read_reset, lambda: client.load_input(rng.randbytes(700)))

    def converse() -> None:
        client.hello()
        assert not port.foreign_only, "took a reply that bears another request's number"
        for _ in range(3):
            rng.choice(calls)()

    return converse


def parser_stream(rng: random.Random) -> bytes:
    """Frames as a host sends them, damaged ones, and noise; the handshake first and last."""
    parts = [HELLO]
    for _ in range(FRAMES_A_RUN):
        body = rng.randbytes(rng.choice((0, 2, 4, 8, 40, rng.randrange(MAX_BODY))))
        wire = encode_frame(Frame(rng.randrange(1, 40), rng.randrange(256), body))
        choice = rng.random()
        parts.append(damaged(rng, wire) if choice < 0.4 else rng.randbytes(300) if choice > 0.95 else wire)
    return b"".join((*parts, b"\0", HELLO, HELLO))


def parser_case(harness: Path, rng: random.Random) -> Callable[[], object]:
    """The firmware's link on the host, stopped by the sanitizers at the first undefined behaviour."""
    stream = parser_stream(rng)

    def feed() -> None:
        done = subprocess.run([harness], input=stream, capture_output=True, check=False)
        assert done.returncode == 0 and not done.stderr, done.stderr.decode(errors="replace")
        assert FrameDecoder().feed(done.stdout)[-1].type == 0x81

    return feed
