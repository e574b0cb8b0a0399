"""DWT: the cycle counter, behind its lock (Arm ARMv7-M, section C1.8; Cortex-M7 TRM)."""

from __future__ import annotations

from collections.abc import Callable

from edgel3_deploy.emulate.core.bus import WORD, Log, Peripheral
from edgel3_deploy.emulate.core.cycles import CycleCounter

CTRL, CYCCNT, LAR, LSR = 0x000, 0x004, 0xFB0, 0xFB4
CYCCNTENA = 1
UNLOCK = 0xC5AC_CE55
_FOUR_COMPARATORS = 0x4000_0000


class Dwt(Peripheral):
    """CYCCNT runs while it is enabled here and DEMCR.TRCENA is set; writes need the lock opened first."""

    RESET = dict.fromkeys((*range(0x008, 0x060, 4), CYCCNT, LAR), 0) | {CTRL: _FOUR_COMPARATORS, LSR: 3}

    def __init__(self, log: Log, counter: CycleCounter, trace_enabled: Callable[[], bool]) -> None:
        super().__init__("DWT", log)
        self._counter = counter
        self._trace_enabled = trace_enabled
        self._offset = 0.0
        self._stopped_at = 0

    def read(self, offset: int) -> int:
        if offset == CYCCNT:
            return self._value()
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == LAR:
            self.registers[LSR] = 1 if value == UNLOCK else 3
        elif self.registers[LSR] & 2:
            return
        elif offset == CYCCNT:
            self._set(value)
        elif offset == CTRL:
            now = self._value()
            super().write(offset, value & 0x0FFF_FFFF | _FOUR_COMPARATORS)
            self._set(now)
        elif offset != LSR:
            super().write(offset, value)

    def trace_changed(self, now_enabled: bool) -> None:
        """DEMCR.TRCENA is about to change."""
        if now_enabled:
            self._set(self._stopped_at)
        else:
            self._stopped_at = self._value()

    def stand(self, cycles: float) -> None:
        """The CPU slept for so many cycles, which CYCCNT does not count."""
        self._offset += cycles if self._running() else 0.0

    def _running(self) -> bool:
        return bool(self.registers[CTRL] & CYCCNTENA) and self._trace_enabled()

    def _value(self) -> int:
        return int(self._counter.cycles - self._offset) & WORD if self._running() else self._stopped_at

    def _set(self, value: int) -> None:
        self._stopped_at = value
        self._offset = self._counter.cycles - value
