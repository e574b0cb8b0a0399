"""A client's end of the line that tests fill and look at."""

from __future__ import annotations


class FakeWire:
    """Implements `line.Wire` in memory."""

    def __init__(self, baudrate: int) -> None:
        self.baudrate = baudrate
        self.incoming = b""
        self.outgoing = b""
        self.waits: list[float] = []

    def read(self) -> bytes:
        data, self.incoming = self.incoming, b""
        return data

    def write(self, data: bytes) -> None:
        self.outgoing += data

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
