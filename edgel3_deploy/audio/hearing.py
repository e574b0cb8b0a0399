"""When windows and reports are due, and what is in them: the twin of firmware/application/hearing.c.

Positions count samples of the source since the start, heard or passed asleep. Loss is not modelled: where the
board lost samples, its windows begin anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.decimate import decimate, filters
from edgel3_deploy.audio.frontend import FrontEnd
from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.audio.sound_level import Levels, Second, meter, report
from edgel3_deploy.audio.sound_path import prepare


@dataclass(frozen=True)
class HearingSettings:
    """Gain (65536 is one), milliseconds from window to window, seconds from report to report."""

    gain: int
    hop_ms: int
    report_interval: int


@dataclass(frozen=True)
class Window:
    """A window that ends at position `at`: `pcm` int16 (sample_rate,) at the network's rate.

    `end` counts such samples. `levels` are of the last whole second, None before the first. `gap`: it does
    not follow the window before, or is the first.
    """

    at: int
    end: int
    pcm: PcmArray
    gap: bool
    levels: Levels | None


@dataclass(frozen=True)
class Interval:
    """Levels of the seconds since the interval before, which end at position `at`."""

    at: int
    levels: Levels


def hop_samples(front_end: FrontEnd, hop_ms: int) -> int:
    """A hop at the network's rate: below a second rounded up to a multiple of the front end's."""
    samples = hop_ms * (front_end.sample_rate // 1000)
    if samples >= front_end.sample_rate:
        return samples
    return -(-samples // front_end.hop_length) * front_end.hop_length


def hear_events(
    samples: NDArray[np.int16] | NDArray[np.int32],
    rate: int,
    front_end: FrontEnd,
    settings: Sequence[tuple[int, HearingSettings]],
    *,
    bits: int = 16,
    streams: bool = True,
    compensated: bool = False,
    asleep: Iterable[int] | None = None,
) -> Iterator[tuple[int, Window | Interval]]:
    """Windows and reports in the order in which the board makes them, of `samples` of 16 or 24 `bits`.

    Each comes with the number of the `settings` that count for it. These are in force from their
    positions on, the first from 0. `streams`: the front end's stream outlasts a run of the network, which
    takes no samples' time. `compensated`: they come from a microphone whose filter the board makes up for.
    `asleep`: with a duty cycle, how many samples pass unheard after each window, none of which are in
    `samples`; behind the last of them nothing more is heard. Raises BadInputError for a rate without filters.
    """
    hearing = _Hearing(
        samples, rate, front_end, bits=bits, streams=streams, compensated=compensated, asleep=asleep
    )
    for number, (at, values) in enumerate(settings):
        hearing.follow(values)
        until = settings[number + 1][0] if number + 1 < len(settings) else len(samples)
        assert hearing.heard == at
        yield from ((number, event) for event in hearing.run(until))


class _Hearing:
    """The state of hearing.c. What becomes of the samples is computed whenever the sound path begins."""

    def __init__(
        self,
        samples: NDArray[np.int16] | NDArray[np.int32],
        rate: int,
        front_end: FrontEnd,
        *,
        bits: int,
        streams: bool,
        compensated: bool,
        asleep: Iterable[int] | None,
    ) -> None:
        self._samples, self._rate, self._bits, self._streams = samples, rate, bits, streams
        self._compensated = compensated
        self._front_end = front_end
        self._stages = filters(rate, front_end.sample_rate)
        self._factor = rate // front_end.sample_rate
        self._settings: HearingSettings | None = None
        self._sleeps = None if asleep is None else iter(asleep)
        self._hop = self._origin = self._stream_at = self._window_at = 0
        self.heard = self._begun = self._slept = self._asleep = 0
        self._gap = True
        self._last: int | None = None
        self._second: Second | None = None
        self._seconds: Iterator[Second] = iter(())
        self._unreported: list[Second] = []
        self._pcm = np.zeros(0, np.int16)

    @property
    def taken(self) -> int:
        """The position."""
        return self.heard + self._slept

    def follow(self, settings: HearingSettings) -> None:
        before, self._settings = self._settings, settings
        self._hop = hop_samples(self._front_end, settings.hop_ms) * self._factor
        if before is None or before.gain != settings.gain:
            self._begin(settings.gain)
        elif self._last is not None:
            self._plan(goes_on=self._aligned(self.taken) >= self._stream_at)

    def run(self, until: int) -> Iterator[Window | Interval]:
        """What comes until so many samples are heard."""
        while True:
            if self.taken == self._window_at:
                yield self._window()
                yield from self._report()
                if self._sleeps is not None and not self._sleep(next(self._sleeps, None)):
                    return
            yield from self._report()
            if self.heard == until:
                return
            second = self.heard - (self.heard - self._begun) % self._rate + self._rate
            self.heard = min(until, second, self._window_at - self._slept)
            if self.heard == second:
                self._second = next(self._seconds)
                self._unreported.append(self._second)

    def _report(self) -> Iterator[Interval]:
        assert self._settings is not None
        passed = len(self._unreported) * self._rate + self._asleep
        if self._unreported and passed >= self._settings.report_interval * self._rate:
            yield Interval(self.taken, report(self._unreported, self._rate, gain=self._settings.gain))
            self._unreported, self._asleep = [], 0

    def _sleep(self, count: int | None) -> bool:
        """Let samples pass, of which whole ones at the network's rate count; false if it never ends."""
        if count is None:
            return False
        whole = count - count % self._factor
        self._slept += whole
        self._asleep += whole
        self._gap = True
        self._stream_at = self._aligned(self.taken) + self._front_end.sample_rate * self._factor
        self._window_at = self._stream_at + self._front_end.sample_rate * self._factor
        return True

    def _begin(self, gain: int) -> None:
        self._origin, self._begun, self._asleep = self.taken, self.heard, 0
        self._last = self._second = None
        self._unreported = []
        rest = self._samples[self.heard :]
        pcm, clipped = prepare(
            rest.tolist(), self._rate, bits=self._bits, gain=gain, compensated=self._compensated
        )
        self._pcm = decimate(pcm, self._stages)
        self._seconds = meter(pcm, self._rate, gain=gain, clipped=clipped)
        self._plan(goes_on=False)
        self._gap = True
        if self._sleeps is not None:
            self._sleep(0)

    def _window(self) -> Window:
        stop = (self.heard - self._begun) // self._factor
        window = Window(
            at=self._window_at,
            end=self._window_at // self._factor,
            pcm=self._pcm[stop - self._front_end.sample_rate : stop],
            gap=self._gap,
            levels=None if self._second is None else self._second.levels,
        )
        self._last = self._window_at
        self._plan(goes_on=self._streams)
        self._gap = not self._streams and self._window_at > self._last + self._hop
        return window

    def _aligned(self, at: int) -> int:
        return at + -(at - self._origin) % self._factor

    def _plan(self, *, goes_on: bool) -> None:
        second, now = self._front_end.sample_rate * self._factor, self._aligned(self.taken)
        wanted = now + second if self._last is None else self._last + self._hop
        if wanted >= now + second:
            self._stream_at, self._window_at = wanted - second, wanted
        elif not goes_on:
            self._stream_at, self._window_at = now, now + second
        else:
            first, step = self._stream_at + second, self._front_end.hop_length * self._factor
            self._window_at = first + -(-max(max(wanted, now) - first, 0) // step) * step
