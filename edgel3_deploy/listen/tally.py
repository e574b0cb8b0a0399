"""What a whole session of listening comes to: counts, the level, and one answer of all windows."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.head.pool import pool
from edgel3_deploy.listen.heard import Event, Heard, Sensor

MOST_POOLED = 3_600
"""Windows that the answer is made of at most: the newest."""
_RECENT = 16
"""Windows that the speed of the moment is taken over."""


@dataclass(frozen=True)
class Totals:
    """`seconds` of sound that the windows cover; `lost` samples at the source; `gaps` windows that do not
    follow the one before; `windows_per_second` on the host's clock.

    `busy` counter units of the board a window, None where they mean nothing, and `share` of real time that
    this is, None where they are no time. `laeq` is the mean by energy of all whole seconds, in dB, `lafmax`
    the highest. `on` has in how many windows each label was on, `scores` its probability for all windows
    together, and `answer` what that amounts to.
    """

    windows: int
    missed: int
    lost: int
    gaps: int
    clipped: int
    seconds: float
    windows_per_second: float | None
    busy: float | None
    share: float | None
    laeq: float | None
    lafmax: float | None
    on: dict[str, int]
    scores: dict[str, float]
    answer: tuple[str, ...]


class Tally:
    """Counts events as they come."""

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor
        self._windows = self._missed = self._gaps = self._clipped = 0
        self._first: Heard | None = None
        self._last: Heard | None = None
        self._shares, self._busy = 0.0, 0
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._started = 0.0
        self._second = -1
        self._energy, self._seconds, self._highest = 0.0, 0, -math.inf
        self._on = dict.fromkeys(sensor.labels, 0)
        self._scores: deque[NDArray[np.float32]] = deque(maxlen=MOST_POOLED)

    def add(self, event: Event) -> None:
        """Count `event`."""
        if not isinstance(event, Heard):
            return
        self._windows += 1
        self._missed += event.missed
        if self._first is None:
            self._first = event
        else:
            self._gaps += event.record.gap
        self._last = event
        self._shares += event.share or 0.0
        self._busy += event.record.busy
        self._recent.append(event.received)
        if not event.is_silent:
            self._scores.append(event.scores)
            for label in event.present:
                self._on[label] += 1
        self._add_levels(event)

    def _add_levels(self, event: Heard) -> None:
        """Several windows may tell of the same second: it counts once."""
        second = int(event.seconds)
        if event.levels is None or second == self._second:
            return
        self._second = second
        self._seconds += 1
        self._energy += 10 ** (event.levels["laeq"] / 10)
        self._highest = max(self._highest, event.levels["lafmax"])
        self._clipped += event.record.clipped

    @property
    def windows_per_second(self) -> float | None:
        """Of the newest windows, on the host's clock."""
        return _rate(self._recent)

    def totals(self) -> Totals:
        """What has been counted so far."""
        first, last = self._first, self._last
        scores = self._pooled()
        return Totals(
            windows=self._windows,
            missed=self._missed,
            lost=last.record.lost - first.record.lost if first and last else 0,
            gaps=self._gaps,
            clipped=self._clipped,
            seconds=last.seconds - first.seconds + 1.0 if first and last else 0.0,
            windows_per_second=_rate((first.received, last.received), self._windows)
            if first and last
            else None,
            busy=self._busy / self._windows if last and self._sensor.counter is not None else None,
            share=self._shares / self._windows if last and last.share is not None else None,
            laeq=10 * math.log10(self._energy / self._seconds) if self._seconds else None,
            lafmax=self._highest if self._seconds else None,
            on=dict(self._on),
            scores=scores,
            answer=answer(self._sensor, scores),
        )

    def _pooled(self) -> dict[str, float]:
        if not self._scores or not self._sensor.labels:
            return {}
        windows = np.stack(self._scores)
        pooled = pool(windows, np.array([len(windows)]), self._sensor.pooling)[0]
        return {name: float(value) for name, value in zip(self._sensor.labels, pooled, strict=True)}


def answer(sensor: Sensor, scores: dict[str, float]) -> tuple[str, ...]:
    """The labels that `scores` amount to: the likeliest where a clip has one, else all above their
    thresholds.
    """
    if not scores:
        return ()
    if sensor.exclusive:
        return (max(scores, key=lambda name: scores[name]),)
    above = zip(sensor.labels, sensor.thresholds, strict=True)
    return tuple(name for name, threshold in above if scores[name] >= threshold)


def _rate(times: Iterable[float], count: int | None = None) -> float | None:
    """Events a second from the first time to the last."""
    known = list(times)
    count = len(known) if count is None else count
    return (count - 1) / (known[-1] - known[0]) if count > 1 and known[-1] > known[0] else None
