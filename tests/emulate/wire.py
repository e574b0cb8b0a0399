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


class Host:
    """A host's clock, in place of the module `time`, that only moves when a test says so or code sleeps.

    Threads take no CPU time.
    """

    def __init__(self) -> None:
        self.now = 1000.0

    def pthread_getcpuclockid(self, _thread: int) -> int:
        return 0

    def clock_gettime(self, _clock: int) -> float:
        return 0.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        # As on a host, never too short.
        self.now += seconds + 1e-9
