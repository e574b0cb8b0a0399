"""Flash interface of the STM32F7 (RM0410 section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.stm32.flash_memory import FlashMemory

ACR, KEYR, OPTKEYR, SR, CR = 0x00, 0x04, 0x08, 0x0C, 0x10
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
    """Programs by byte, half-word or word as PSIZE says, erases by sector number; single bank mode."""

    RESET: ClassVar[Mapping[int, int]] = {
        ACR: 0,
        KEYR: 0,
        OPTKEYR: 0,
        SR: 0,
        CR: LOCK,
        0x14: 0xFFFF_AAFD,
        0x18: 0x0040_0080,
        0x1C: 0x0000_00FF,
    }

    def __init__(self, memory: FlashMemory, log: Log) -> None:
        super().__init__("FLASH", log)
        self.memory = memory
        self.on_latency: Callable[[], None] = lambda: None
        self._forget()

    def reset(self) -> None:
        super().reset()
        self._forget()

    def _forget(self) -> None:
        self._keys: tuple[int, ...] = ()
        self._busy = False

    @property
    def wait_states(self) -> int:
        return self.registers[ACR] & 15

    def read(self, offset: int) -> int:
        if offset in (KEYR, OPTKEYR):
            return 0
        value = super().read(offset)
        if offset == SR and self._busy:
            self._busy = False
            value |= BSY
        return value

    def write(self, offset: int, value: int) -> None:
        if offset == KEYR:
            self._unlock(value)
        elif offset == SR:
            self.registers[SR] &= ~value
        elif offset == CR:
            self._control(value)
        elif offset != OPTKEYR:
            super().write(offset, value)
            if offset == ACR:
                self.on_latency()

    def store(self, address: int, size: int, value: int) -> None:
        control = self.registers[CR]
        if control & (LOCK | PG) != PG:
            self.registers[SR] |= ERSERR
        elif 1 << (control >> 8 & 3) != size:
            self.registers[SR] |= PGPERR
        elif address % size:
            self.registers[SR] |= PGAERR
        else:
            self.memory.program(address, value.to_bytes(size, "little"))
            self._finish()

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
        if value & (MER1 | MER2):
            for sector in self.memory.sectors:
                self.memory.erase(sector.number)
            self._finish()
        elif value & SER and self.memory.erase(value >> 3 & 31):
            self._finish()
        else:
            self.registers[SR] |= ERSERR

    def _finish(self) -> None:
        # The work is done at once; software still sees BSY at its first look.
        self._busy = True
        if self.registers[CR] & EOPIE:
            self.registers[SR] |= EOP
