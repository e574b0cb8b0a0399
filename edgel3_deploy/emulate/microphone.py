"""What stands at the pins of a virtual board's microphone: a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import load_clip
from edgel3_deploy.audio.frontend import L3

BLOCK_SECONDS = 0.01
"""How much sound passes with each look in turbo pace."""


class Microphone:
    """Sound that passes as `seconds` does, and silence behind the recording; `path` None is silence.

    Without `seconds` there is nothing but the recording: BLOCK_SECONDS of it pass a look, so that none is
    lost, from when `awaited` is true. Raises BadInputError, at once, for a file that is no audio.
    """

    def __init__(
        self,
        path: Path | None,
        seconds: Callable[[], float] | None = None,
        *,
        awaited: Callable[[], bool] = lambda: True,
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._awaited = awaited
        self._rate = 0
        self._slept = 0.0
        self._given = 0
        self._samples = np.zeros(0, np.float32)
        self.start()
        if path is not None:
            self._load(L3.sample_rate)

    def start(self) -> None:
        """The clock comes: the recording begins; after a sleep of the chip it has gone on meanwhile."""
        if self._slept and self._seconds is None:
            self._given = min(self._given + round(self._slept * self._rate), len(self._samples))
        elif not self._slept:
            self._given = 0
            self._started = 0.0 if self._seconds is None else self._seconds()
        self._slept = 0.0

    def sleep(self, seconds: float) -> None:
        """The chip slept for so long."""
        self._slept += seconds

    def passed(self, rate: float, looked: bool) -> NDArray[np.float32]:
        """The samples, of full scale 1.0, that came since the last call, `rate` of them a second."""
        self._load(round(rate))
        if self._seconds is None:
            block = round(rate * BLOCK_SECONDS) if looked and self._awaited() else 0
            count = min(block, len(self._samples) - self._given)
        else:
            count = int((self._seconds() - self._started) * rate) - self._given
        found = np.zeros(count, np.float32)
        part = self._samples[self._given : self._given + count]
        found[: len(part)] = part
        self._given += count
        return found

    def _load(self, rate: int) -> None:
        if self._path is not None and rate != self._rate:
            self._samples = load_clip(self._path, replace(L3, sample_rate=rate)).samples
        self._rate = rate
