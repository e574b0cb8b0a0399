"""Stops the emulation when a watchdog's time is over, in the emulated program's own time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

_LONGEST_SLEEP_SECONDS = 0.25
_SHORTEST_SLEEP_SECONDS = 0.01


class Watchdog(Protocol):
    """A watchdog: `deadline` is the value of `ChipTime.seconds` at which it resets, None if it is off."""

    deadline: float | None


class WatchdogReset(Exception):  # noqa: N818 - an event, not an error
    """The watchdog was not fed in time and resets the chip."""


class ChipTime:
    """Time as a watchdog counts it: CPU time of the thread that called `start`, and its rests.

    On a slow or busy host it runs slower, as the emulated program does. It stands before `start`.
    """

    def __init__(self) -> None:
        self._clock: int | None = None
        self._since = 0.0
        self._rested = 0.0

    def start(self) -> None:
        """From now on count the calling thread's CPU time."""
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._since = time.clock_gettime(self._clock)

    def stop(self) -> None:
        """The thread is about to end."""
        self._clock = None

    def seconds(self) -> float:
        """Seconds since `start`, from any thread."""
        if self._clock is None:
            return 0.0
        return time.clock_gettime(self._clock) - self._since + self._rested

    def rested(self, seconds: float) -> None:
        """The thread slept for that long because the program had nothing to do."""
        self._rested += seconds


class WatchdogTimer:
    """While its context lasts, a thread calls `interrupt` again and again once the watchdog's time is over.

    The context is entered in the emulating thread. `interrupt` must make the emulation return; the emulation
    then asks `expired` and resets the watchdog.
    """

    def __init__(self, clock: ChipTime, watchdog: Watchdog, interrupt: Callable[[], None]) -> None:
        self._clock = clock
        self._watchdog = watchdog
        self._interrupt = interrupt
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def __enter__(self) -> WatchdogTimer:
        self._clock.start()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()
        self._clock.stop()

    @property
    def expired(self) -> bool:
        """Whether the watchdog's time is over."""
        return self._left() <= 0.0

    def _left(self) -> float:
        """Seconds until the watchdog's time is over; infinite while it is off."""
        deadline = self._watchdog.deadline
        return float("inf") if deadline is None else deadline - self._clock.seconds()

    def _run(self) -> None:
        # That time never runs faster than the host's: sleeping as long as is left is never too long.
        while not self._end.wait(min(max(self._left(), _SHORTEST_SLEEP_SECONDS), _LONGEST_SLEEP_SECONDS)):
            if self.expired:
                self._interrupt()
