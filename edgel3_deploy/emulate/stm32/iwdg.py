"""Independent watchdog of STM32F7 and STM32H7 (RM0410 section 30, RM0433 section 45)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from edgel3_deploy.emulate.core.bus import Log, Peripheral

KR, PR, RLR, SR, WINR = 0x00, 0x04, 0x08, 0x0C, 0x10
FEED, UNLOCK, START = 0xAAAA, 0x5555, 0xCCCC
PVU, RVU, WVU = 1, 2, 4
LSI_HZ = 32_000.0
_UPDATE_SECONDS = 5 * 4 / LSI_HZ
_UPDATES = {PR: PVU, RLR: RVU, WINR: WVU}


class Iwdg(Peripheral):
    """Counts down the LSI from RLR once started; nothing but a reset stops it.

    `seconds` gives the time, `core.watchdog.ChipTime`'s: a slow host never makes it bite.
    Implements `core.watchdog.Watchdog`: `deadline` is when it resets the chip, None before it is started.
    A new prescaler, reload or window value takes a few LSI periods, SR says so; meanwhile writes are lost.
    """

    RESET: ClassVar[Mapping[int, int]] = {KR: 0, PR: 0, RLR: 0xFFF, SR: 0, WINR: 0xFFF}

    def __init__(self, log: Log, seconds: Callable[[], float]) -> None:
        super().__init__("IWDG", log)
        self._seconds = seconds
        self._forget()

    def reset(self) -> None:
        super().reset()
        self._forget()

    def _forget(self) -> None:
        self.deadline: float | None = None
        self._unlocked = False
        self._fed_at = 0.0
        self._updated_at = dict.fromkeys(_UPDATES, -1.0)

    def read(self, offset: int) -> int:
        if offset == KR:
            return 0
        if offset == SR:
            now = self._seconds()
            return sum(flag for register, flag in _UPDATES.items() if now < self._updated_at[register])
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == KR:
            self._key(value & 0xFFFF)
        elif offset in _UPDATES:
            self._update(offset, value)
        elif offset != SR:
            super().write(offset, value)

    def _key(self, key: int) -> None:
        self._unlocked = key == UNLOCK
        if key == FEED and self.deadline is not None and self._remaining() > self.registers[WINR]:
            self.deadline = self._seconds()
        elif key in (FEED, START):
            self._feed(start=key == START)

    def _update(self, register: int, value: int) -> None:
        now = self._seconds()
        if not self._unlocked or now < self._updated_at[register]:
            self.log(f"IWDG register {register:#x} was written while it is locked or being updated: ignored")
            return
        self.registers[register] = value & (7 if register == PR else 0xFFF)
        self._updated_at[register] = now + _UPDATE_SECONDS
        if register == WINR:
            self._feed(start=False)

    def _feed(self, *, start: bool) -> None:
        """Load the counter with RLR."""
        if self.deadline is None and not start:
            return
        self._fed_at = self._seconds()
        self.deadline = self._fed_at + (self.registers[RLR] + 1) * self._tick()

    def _tick(self) -> float:
        """Seconds that one step of the counter takes."""
        return float(4 << min(self.registers[PR], 6)) / LSI_HZ

    def _remaining(self) -> float:
        """Value of the counter."""
        return self.registers[RLR] - (self._seconds() - self._fed_at) / self._tick()
