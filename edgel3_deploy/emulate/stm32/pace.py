"""How long hardware takes: a few looks at its status register, or its time on the host's clock."""

from __future__ import annotations

import random
import time

_LOOKS = (2, 5)


class Delay:
    """Something under way, over after `looks` looks and not before `until` on the host's clock."""

    def __init__(self, *, looks: int = 0, until: float = 0.0) -> None:
        self._looks = looks
        self._until = until

    @property
    def over(self) -> bool:
        """Whether it is done; asking does not count as a look."""
        return self._looks <= 0 and (not self._until or time.perf_counter() >= self._until)

    def look(self) -> bool:
        """Whether it is done, as a program that reads the status register sees it."""
        over = self.over
        self._looks -= 1
        return over

    def stall(self) -> None:
        """The bus waits until it is done."""
        self._looks = 0
        if self._until:
            time.sleep(max(0.0, self._until - time.perf_counter()))


class Pace:
    """Makes delays: in `real` pace they last their time, otherwise a number of looks that `seed` decides."""

    def __init__(self, *, real: bool = False, seed: int = 0) -> None:
        self.real = real
        self._random = random.Random(seed)

    def after(self, seconds: float) -> Delay:
        """What takes `seconds` on the chip, from now on."""
        if self.real:
            return Delay(until=time.perf_counter() + seconds)
        return Delay(looks=self._random.randint(*_LOOKS))


class Ready:
    """A status flag that follows its enable bit up and down, `seconds` later.

    With `sticks`, a flag that has come up stays.
    """

    def __init__(self, pace: Pace, seconds: float, *, sticks: bool = False) -> None:
        self._pace = pace
        self._seconds = seconds
        self._sticks = sticks
        self._enabled = False
        self._change = Delay()

    def __bool__(self) -> bool:
        return self._enabled == self._change.over

    def follow(self, enabled: bool) -> None:
        """Take the new state of the enable bit."""
        if enabled == self._enabled or (self._sticks and self):
            return
        self._enabled = enabled
        self._change = self._pace.after(self._seconds)

    def look(self) -> bool:
        """The flag as a register read sees it."""
        return self._enabled == self._change.look()
