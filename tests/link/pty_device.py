"""A device on a pseudo-terminal: what the fake board and the fake bootloader have in common."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import threading
import tty
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

Self = TypeVar("Self", bound="PtyDevice")


@contextmanager
def number_held(path: str) -> Iterator[None]:
    """While this lasts nobody else's pseudo-terminal gets that path, even if its own vanishes."""
    held = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        yield
    finally:
        os.close(held)


class PtyDevice(ABC):
    """Calls `received` with what the host sends, in a thread of its own; `path` is the host's port.

    `sent` is how many bytes it has sent so far.
    """

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._plugged = True
        self._handled = self.sent = 0
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self: Self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.write(self._wake_write, b"x")
        self._thread.join()
        if self._plugged:
            self.unplug()
        os.close(self._slave)
        os.close(self._wake_read)
        os.close(self._wake_write)

    @abstractmethod
    def received(self, data: bytes) -> None:
        """Handle bytes from the host."""

    def send(self, data: bytes) -> None:
        """Send bytes to the host."""
        if self._plugged:
            self.sent += os.write(self._master, data)

    def is_done_with(self, count: int) -> bool:
        """Whether it has handled so many bytes from the host, or never will."""
        return self._handled >= count or not self._thread.is_alive()

    def unplug(self) -> None:
        """Make the port vanish, as when the cable is pulled."""
        self._plugged = False
        # The other end stays open: nobody else's terminal gets the number meanwhile.
        os.close(self._master)

    def _serve(self) -> None:
        while self._plugged:
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            data = os.read(self._master, 4096)
            try:
                self.received(data)
            finally:
                self._handled += len(data)


class Chatters(PtyDevice):
    """Sends a piece of text every few milliseconds, whoever listens."""

    def __init__(self, text: bytes, seconds: float) -> None:
        super().__init__()
        self._stop = threading.Event()
        self._talk = threading.Thread(target=self._chatter, args=(text, seconds))

    def __enter__(self) -> Chatters:
        self._talk.start()
        return super().__enter__()

    def __exit__(self, *exc_info: Any) -> None:
        self._stop.set()
        self._talk.join()
        super().__exit__(*exc_info)

    def _chatter(self, text: bytes, seconds: float) -> None:
        os.set_blocking(self._master, False)
        while not self._stop.wait(seconds):
            with contextlib.suppress(BlockingIOError):
                self.send(text)

    def received(self, data: bytes) -> None:
        pass
