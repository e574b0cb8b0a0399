"""What a clock tree delivers, and the parts of it that STM32F7 and STM32H7 have in common."""

from __future__ import annotations

import functools
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar

from edgel3_deploy.boards.board import Clock
from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.stm32.pace import Pace, Ready

LSE_HZ = 32_768.0
_HSE_SECONDS, _PLL_SECONDS = 2e-3, 300e-6


@dataclass(frozen=True)
class Clocks:
    """Frequencies in Hz: `bus` for the memories (HCLK; AXI on the STM32H7), `apb1` and `apb2` for USARTs."""

    sysclk: float
    cpu: float
    bus: float
    apb1: float
    apb2: float


class ResetCause(Enum):
    """Where a reset of the chip came from."""

    POWER_ON = auto()
    PIN = auto()
    SOFTWARE = auto()
    WATCHDOG = auto()


class ResetAndClockControl(Peripheral, ABC):
    """What both RCCs do: gate clocks, reset peripherals, remember why the chip was reset.

    `ENABLES` gives register offset and bit of each peripheral's clock enable; its reset bit lies
    `RESET_DISTANCE` bytes before. `CAUSES` gives the flags of register `CAUSE` that each reset sets.
    `on_change` is called whenever a frequency may have changed, `on_enable` after every write.
    """

    ENABLES: ClassVar[Mapping[str, tuple[int, int]]] = {}
    RESET_DISTANCE: ClassVar[int] = 0
    CAUSE: ClassVar[int] = 0
    CAUSES: ClassVar[Mapping[ResetCause, int]] = {}
    REMOVE_CAUSE: ClassVar[int] = 0

    def __init__(self, clock: Clock, log: Log, pace: Pace, *, hse_sticks: bool = False) -> None:
        """`hse_sticks`: HSERDY never falls again. A `clock` of 0 Hz never starts."""
        super().__init__("RCC", log)
        self._clock = clock
        self._pace = pace
        self._hse_sticks = hse_sticks
        self._attached: dict[str, Peripheral] = {}
        self._usart_clocks: dict[str, float] = {}
        self._stop_sources()
        self.on_change: Callable[[], None] = lambda: None
        self.on_enable: Callable[[], None] = lambda: None
        self.note_reset(ResetCause.POWER_ON)

    def attach(self, peripheral: Peripheral) -> None:
        """Put `peripheral` behind the clock enable and reset bits that go by its name."""
        self._attached[peripheral.name] = peripheral
        peripheral.clocked = self.enabled(peripheral.name)

    def enabled(self, name: str) -> bool:
        """Whether the clock of the peripheral `name` is on."""
        offset, bit = self.ENABLES[name]
        return bool(self.registers[offset] >> bit & 1)

    def reset(self) -> None:
        causes = self.registers.get(self.CAUSE, 0)
        super().reset()
        self.registers[self.CAUSE] |= causes
        self._stop_sources()
        self._gate_clocks()
        self._changed()

    def note_reset(self, cause: ResetCause) -> None:
        """Set the flags that say what the last reset came from; they add up until software removes them."""
        self.registers[self.CAUSE] |= self.CAUSES[cause]

    def read(self, offset: int) -> int:
        for peripheral in self._behind(offset):
            peripheral.waking = False
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        asleep = [peripheral for peripheral in self._behind(offset) if not peripheral.clocked]
        super().write(offset, value)
        if offset == self.CAUSE and value & self.REMOVE_CAUSE:
            flags = functools.reduce(operator.or_, self.CAUSES.values(), self.REMOVE_CAUSE)
            self.registers[offset] = value & ~flags
        for name, (enable, bit) in self.ENABLES.items():
            if offset == enable - self.RESET_DISTANCE and value >> bit & 1 and name in self._attached:
                self._attached[name].reset()
        self._gate_clocks()
        for peripheral in asleep:
            peripheral.waking = peripheral.clocked
        self.on_enable()

    def _behind(self, offset: int) -> list[Peripheral]:
        """The peripherals whose clock enables are in the register at `offset`."""
        return [self._attached[name] for name in self._attached if self.ENABLES[name][0] == offset]

    def _stop_sources(self) -> None:
        self.hse_ready = Ready(self._pace, _HSE_SECONDS, sticks=self._hse_sticks)
        self.pll_ready = Ready(self._pace, _PLL_SECONDS)
        self.audio_pll_ready = Ready(self._pace, _PLL_SECONDS)

    def _keep_bypass(self, value: int, hse_on: int, hse_bypass: int) -> int:
        """`value` for RCC_CR: HSEBYP can only be written while the HSE is off."""
        before = self.registers[0]
        if before & hse_on and (before ^ value) & hse_bypass:
            self.log("RCC_CR.HSEBYP was written while the HSE is on: ignored")
            value ^= hse_bypass
        return value

    def _gate_clocks(self) -> None:
        for name, peripheral in self._attached.items():
            peripheral.clocked = self.enabled(name)
            peripheral.waking = peripheral.waking and peripheral.clocked

    @abstractmethod
    def clocks(self) -> Clocks:
        """The frequencies as the registers say now."""

    def usart_clock(self, name: str) -> float:
        """Kernel clock of USART or UART `name` in Hz, 0.0 where its source does not run."""
        if name not in self._usart_clocks:
            self._usart_clocks[name] = self._usart_clock(name)
        return self._usart_clocks[name]

    @abstractmethod
    def _usart_clock(self, name: str) -> float:
        """Kernel clock of a USART as the registers say now, in Hz."""

    @abstractmethod
    def sai_clock(self) -> float:
        """Kernel clock of SAI1 in Hz, 0.0 where its source does not run or is not modelled."""

    def _changed(self) -> None:
        self._usart_clocks.clear()
        self.on_change()


def ahb_divider(field: int) -> int:
    """Meaning of a 4-bit HPRE or D1CPRE field: 0xxx none, then 2, 4, 8, 16, 64, 128, 256, 512."""
    return (2, 4, 8, 16, 64, 128, 256, 512)[field & 7] if field & 8 else 1


def apb_divider(field: int) -> int:
    """Meaning of a 3-bit PPRE field: 0xx none, then 2, 4, 8, 16."""
    return (2, 4, 8, 16)[field & 3] if field & 4 else 1
