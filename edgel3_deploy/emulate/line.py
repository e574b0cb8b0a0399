"""The serial line between the board's UART and a client: bytes survive only if both agree on the speed."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

_TOLERANCE = 0.03
_POLL_GAP_SECONDS = 100e-6
_POLLS_BEFORE_SLEEP = 20
_SLEEP_SECONDS = 0.02
_FRAME_BITS = 10
_PATIENCE_FRAMES = 20
"""The emulated program is that much slower than the chip's: what follows a byte waits that long for it."""


class Wire(Protocol):
    """The client's end, such as a pseudo-terminal."""

    @property
    def baudrate(self) -> int: ...
    def read(self) -> bytes: ...
    def write(self, data: bytes) -> None: ...
    def wait(self, seconds: float) -> None: ...


class Line:
    """Wraps a wire with what a wrong speed does to bytes, and with rest for the host while nothing arrives.

    With `real` pace a byte arrives a frame after the one before, in seconds of `clock`; otherwise as soon as
    it was sent, and it waits until it is read. `on_rest` is called before each rest, `on_rested` with its
    seconds after it, and `on_tick` with each `tick`.
    """

    def __init__(self, wire: Wire, *, real: bool = False) -> None:
        self._wire = wire
        self.real = real
        self.heard = False
        self.clock: Callable[[], float] = time.perf_counter
        self.on_rest: Callable[[], None] = lambda: None
        self.on_tick: Callable[[], None] = lambda: None
        self.on_rested: Callable[[float], None] = lambda _seconds: None
        self._last_poll = self._last_look = 0.0
        self._polls = 0
        self._lock = threading.Lock()
        self._coming: deque[tuple[float, int]] = deque()

    @property
    def baudrate(self) -> int:
        """The client's speed in bit/s."""
        return self._wire.baudrate

    def receive(self, baudrate: float, *, kept: bool = False) -> tuple[bytes, bool]:
        """What a receiver at `baudrate` gets without waiting, and whether its framing is broken.

        In real pace that is one byte, or all that came while the receiver was not asked for too long; or all
        that came, where something `kept` them.
        """
        data = self._arrived(kept) if self.real else self._wire.read()
        if not data:
            self._rest()
            return b"", False
        self._polls = 0
        self.heard = True
        if self._agrees(baudrate):
            return data, False
        return _garble(data), True

    def send(self, data: bytes, baudrate: float) -> None:
        """Transmit at `baudrate`."""
        self._polls = 0
        self._wire.write(data if self._agrees(baudrate) else _garble(data))

    def wait(self, seconds: float) -> None:
        """Return when something has arrived, at the latest after `seconds`."""
        started = time.perf_counter()
        if self._coming:
            time.sleep(min(seconds, max(0.0, self._coming[0][0] - self.clock())))
        else:
            self._wire.wait(seconds)
        self.on_rested(min(time.perf_counter() - started, seconds))

    def tick(self) -> None:
        """Time passes, whatever the CPU does; called every few milliseconds from another thread."""
        if self.real:
            self._collect()
        self.on_tick()

    def _arrived(self, kept: bool) -> bytes:
        """The next byte, or all that have come if they were kept or the receiver not looked at for long."""
        self._collect()
        now, last_look = self.clock(), self._last_look
        self._last_look = now
        if not self._coming or self._coming[0][0] > now:
            return b""
        patience = _PATIENCE_FRAMES * _FRAME_BITS / max(1, self._wire.baudrate)
        arrived = bytearray((self._coming[0][1],))
        late = now - max(self._coming.popleft()[0], last_look) > patience
        while (late or kept) and self._coming and self._coming[0][0] <= now:
            arrived.append(self._coming.popleft()[1])
        return bytes(arrived)

    def _collect(self) -> None:
        """Take what the client has sent, and note when each byte will have arrived."""
        with self._lock:
            data = self._wire.read()
            if not data:
                return
            frame = _FRAME_BITS / max(1, self._wire.baudrate)
            at = max(self.clock(), self._coming[-1][0] if self._coming else 0.0)
            self._coming.extend((at + frame * (place + 1), byte) for place, byte in enumerate(data))

    def _agrees(self, baudrate: float) -> bool:
        client = self._wire.baudrate
        return abs(baudrate - client) <= _TOLERANCE * client

    def _rest(self) -> None:
        """Sleep when a program does nothing but ask for bytes that do not come."""
        now = time.perf_counter()
        self._polls = self._polls + 1 if now - self._last_poll < _POLL_GAP_SECONDS else self._polls // 2
        if self._polls > _POLLS_BEFORE_SLEEP and not self._coming:
            self.on_rest()
            self.wait(_SLEEP_SECONDS)
            now = time.perf_counter()
        self._last_poll = now


def _garble(data: bytes) -> bytes:
    """Bytes as another speed reads them: wrong, and the same each time."""
    return bytes((byte * 0x3B ^ 0xE5) & 0xFF for byte in data)
