"""CPU cycles as they pass on the wall clock: the virtual chip's sense of time."""

from __future__ import annotations

import time


class CycleCounter:
    """Counts host time times the CPU clock; these are not the cycles that the chip would take."""

    def __init__(self) -> None:
        self._frequency = 0.0
        self._cycles = 0.0
        self._since = time.perf_counter()

    def set_frequency(self, hertz: float) -> None:
        """From now on the CPU runs at `hertz`."""
        self._cycles = self.cycles
        self._since = time.perf_counter()
        self._frequency = hertz

    @property
    def frequency(self) -> float:
        """Hz that the CPU runs at."""
        return self._frequency

    def advance(self, seconds: float) -> None:
        """That time has passed besides the host's."""
        self._cycles += seconds * self._frequency

    @property
    def cycles(self) -> float:
        """Cycles since the chip was powered."""
        return self._cycles + (time.perf_counter() - self._since) * self._frequency
