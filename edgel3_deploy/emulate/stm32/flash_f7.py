"""Flash interface of the STM32F7 (RM0410 section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.stm32.flash_memory import FlashMemory
from edgel3_deploy.emulate.stm32.flash_times import ERASE_SECONDS_PER_BYTE, PROGRAM_SECONDS
from edgel3_deploy.emulate.stm32.pace import Delay, Pace

ACR, KEYR, OPTKEYR, SR, CR, OPTCR = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14
OPTIONS = 0xFFFF_AAFD
"""FLASH_OPTCR as delivered: one bank."""
NOT_DUAL_BANK = 1 << 29
_SECOND_BANK = 1 << 4
KEYS = (0x4567_0123, 0xCDEF_89AB)
PG, SER, MER1, MER2, STRT, EOPIE, LOCK = 1 << 0, 1 << 1, 1 << 2, 1 << 15, 1 << 16, 1 << 24, 1 << 31
EOP, OPERR, PGAERR, PGPERR, ERSERR, BSY = 1 << 0, 1 << 1, 1 << 5, 1 << 6, 1 << 7, 1 << 16


class FlashInterface(Protocol):
    """What the rest of the chip needs of either family's flash interface."""

    memory: FlashMemory

    @property
    def wait_states(self) -> int:
        """Wait states set in ACR."""

    def store(self, address: int, size: int, value: int) -> None:
        """A CPU store of `size` bytes into the flash's address range."""


class FlashF7(Peripheral):
    """Programs by byte, half-word or word as PSIZE says, erases by sector number.

    While an operation runs, BSY is set and whatever else reaches for the flash waits for its end. In
    `dual_bank` mode bit 4 of SNB names the second bank, and MER1 and MER2 erase one bank each.
    """

    RESET: ClassVar[Mapping[int, int]] = {
        ACR: 0,
        KEYR: 0,
        OPTKEYR: 0,
        SR: 0,
        CR: LOCK,
        OPTCR: OPTIONS,
        0x18: 0x0040_0080,
        0x1C: 0x0000_00FF,
    }

    def __init__(self, memory: FlashMemory, log: Log, pace: Pace, *, dual_bank: bool = False) -> None:
        super().__init__("FLASH", log)
        self.memory = memory
        self._pace = pace
        self._dual_bank = dual_bank
        self.on_latency: Callable[[], None] = lambda: None
        self.reset()

    def reset(self) -> None:
        super().reset()
        if self._dual_bank:
            self.registers[OPTCR] &= ~NOT_DUAL_BANK
        self._keys: tuple[int, ...] = ()
        self._busy = Delay()

    @property
    def wait_states(self) -> int:
        return self.registers[ACR] & 15

    def read(self, offset: int) -> int:
        if offset in (KEYR, OPTKEYR):
            return 0
        value = super().read(offset)
        return value | BSY if offset == SR and not self._busy.look() else value

    def write(self, offset: int, value: int) -> None:
        if offset == KEYR:
            self._unlock(value)
        elif offset == SR:
            self.registers[SR] &= ~value
        elif offset == CR:
            self._busy.stall()
            self._control(value)
        elif offset not in (OPTKEYR, OPTCR):
            super().write(offset, value)
            if offset == ACR:
                self.on_latency()

    def store(self, address: int, size: int, value: int) -> None:
        self._busy.stall()
        control = self.registers[CR]
        if control & (LOCK | PG) != PG:
            self.registers[SR] |= ERSERR
        elif 1 << (control >> 8 & 3) != size:
            self.registers[SR] |= PGPERR
        elif address % size:
            self.registers[SR] |= PGAERR
        else:
            self.memory.program(address, value.to_bytes(size, "little"))
            self._finish(PROGRAM_SECONDS["stm32f7"])

    def _unlock(self, key: int) -> None:
        # After a wrong key only a reset opens the lock again.
        self._keys = (*self._keys, key)
        if self._keys == KEYS:
            self.registers[CR] &= ~LOCK

    def _control(self, value: int) -> None:
        if self.registers[CR] & LOCK:
            return
        if value & LOCK:
            self._keys = ()
        self.registers[CR] = value & ~STRT
        if not value & STRT:
            return
        chosen = self._chosen(value)
        if not chosen:
            self.registers[SR] |= ERSERR
            return
        for number in chosen:
            self.memory.erase(number)
        size = sum(sector.size for sector in self.memory.sectors if sector.number in chosen)
        self._finish(size * ERASE_SECONDS_PER_BYTE)

    def _chosen(self, control: int) -> tuple[int, ...]:
        """Numbers of the sectors that are to be erased."""
        numbers = tuple(sector.number for sector in self.memory.sectors)
        half = len(numbers) // 2 if self._dual_bank else len(numbers)
        banks = numbers[:half], numbers[half:]
        if control & (MER1 | MER2):
            if not self._dual_bank:
                return numbers
            return (banks[0] if control & MER1 else ()) + (banks[1] if control & MER2 else ())
        if not control & SER:
            return ()
        field = control >> 3 & 31
        bank, place = (divmod(field, _SECOND_BANK)) if self._dual_bank else (0, field)
        return banks[bank][place : place + 1]

    def _finish(self, seconds: float) -> None:
        # The cells have changed already; software sees BSY for as long as the chip would take.
        self._busy = self._pace.after(seconds)
        if self.registers[CR] & EOPIE:
            self.registers[SR] |= EOP
