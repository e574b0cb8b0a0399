"""The sending half of a USART: a data register, and a shift register that takes its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_LOOKS = 2
_TURBO_SECONDS = 0.05


class Transmitter:
    """`send` gets each byte when its last bit has left; `reset` loses what has not.

    In `real` pace a frame takes its time. Otherwise it takes two looks, or 50 ms where nobody looks. `elapse`
    may be called from another thread.
    """

    def __init__(self, send: Callable[[int], None], *, real: bool) -> None:
        self._send = send
        self._real = real
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Both registers are empty."""
        with self._lock:
            self._shifting: int | None = None
            self._waiting: tuple[int, float] | None = None
            self._looks = 0
            self._until = 0.0

    def put(self, byte: int, seconds: float) -> None:
        """Write the data register; what still waits there is overwritten. A frame takes `seconds`."""
        with self._lock:
            self._settle()
            if self._shifting is None:
                self._shift(byte, time.perf_counter(), seconds)
            else:
                self._waiting = byte, seconds

    def look(self) -> tuple[bool, bool]:
        """Whether the data register is empty, and whether the shift register is too, as ISR shows them."""
        with self._lock:
            self._looks -= 1
            self._settle()
            return self._waiting is None, self._shifting is None

    def elapse(self) -> None:
        """Let go what has left by now, whether or not anybody looks."""
        with self._lock:
            self._settle()

    def _settle(self) -> None:
        while self._shifting is not None and self._has_left():
            self._send(self._shifting)
            self._shifting = None
            if self._waiting is not None:
                byte, seconds = self._waiting
                self._waiting = None
                self._shift(byte, self._until if self._real else time.perf_counter(), seconds)

    def _has_left(self) -> bool:
        return (not self._real and self._looks <= 0) or time.perf_counter() >= self._until

    def _shift(self, byte: int, since: float, seconds: float) -> None:
        self._shifting = byte
        self._looks = _LOOKS
        self._until = since + (seconds if self._real else _TURBO_SECONDS)
