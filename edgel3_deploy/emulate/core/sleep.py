"""WFI: the CPU's clock stands until SysTick has counted down."""

from __future__ import annotations

import time
from collections.abc import Callable

from edgel3_deploy.emulate.core.cycles import CycleCounter
from edgel3_deploy.emulate.core.dwt import Dwt
from edgel3_deploy.emulate.core.scs import SystemControl
from edgel3_deploy.emulate.core.watchdog import ChipTime

_UNTIMED_SECONDS = 0.001
_LONGEST_SECONDS = 0.05


class Sleep:
    """The rest of a CPU that executes WFI.

    In `real` pace it takes its time, otherwise none: the time of SysTick, of the watchdog and of whoever is
    `told` goes on as if it had. CYCCNT stands.
    """

    def __init__(
        self, counter: CycleCounter, control: SystemControl, dwt: Dwt, chip_time: ChipTime, *, real: bool
    ) -> None:
        self.told: list[Callable[[float], None]] = []
        self._counter = counter
        self._control = control
        self._dwt = dwt
        self._chip_time = chip_time
        self._real = real

    def wait(self) -> None:
        """Return when something has woken the CPU; sooner than SysTick does, now and then, as it may."""
        left = self._control.seconds_to_tick()
        before = self._counter.cycles
        if left is None:
            seconds = _UNTIMED_SECONDS
            time.sleep(seconds)
        elif self._real:
            seconds = min(left, _LONGEST_SECONDS)
            time.sleep(seconds)
        else:
            seconds = left
            self._counter.advance(seconds)
        self._dwt.stand(self._counter.cycles - before)
        self._chip_time.rested(seconds)
        if left is not None and seconds >= left:
            self._control.tick_pending = True
        for tell in self.told:
            tell(seconds)
