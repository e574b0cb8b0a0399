"""Flash interface of the STM32H743/H753 (RM0433 section 4): two banks, 32-byte flash words."""

from __future__ import annotations

from collections.abc import Callable

from edgel3_deploy.emulate.core.bus import BusError, Log, Peripheral
from edgel3_deploy.emulate.stm32.ecc import FLASH_WORD
from edgel3_deploy.emulate.stm32.flash_f7 import KEYS
from edgel3_deploy.emulate.stm32.flash_memory import FlashMemory
from edgel3_deploy.emulate.stm32.flash_times import ERASE_SECONDS_PER_BYTE, PROGRAM_SECONDS
from edgel3_deploy.emulate.stm32.pace import Delay, Pace

ACR, KEYR1, OPTKEYR, CR1, SR1, CCR1 = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14
BANK_DISTANCE = 0x100
LOCK, PG, SER, BER, FW, START = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 6, 1 << 7
BSY, WBNE, QW, EOP, WRPERR, PGSERR, STRBERR, INCERR = (1 << bit for bit in (0, 1, 2, 16, 17, 18, 19, 21))
DBECCERR = 1 << 26
ECC_FA1R = 0x60
BASE = 0x5200_2000


class FlashH7(Peripheral):
    """A flash word is programmed when its last byte is in the bank's write buffer, or when FW forces it.

    While an operation runs, BSY and QW of its bank are set, and the bank's next operation waits for its end.
    """

    RESET = dict.fromkeys((*range(0x04, 0x48, 4), *range(0x104, 0x140, 4)), 0) | {
        ACR: 0x37,
        CR1: 0x31,
        CR1 + BANK_DISTANCE: 0x31,
        ECC_FA1R: 0,
        ECC_FA1R + BANK_DISTANCE: 0,
    }

    def __init__(self, memory: FlashMemory, log: Log, pace: Pace) -> None:
        super().__init__("FLASH", log)
        self.memory = memory
        self._pace = pace
        memory.on_double_error = self.note_double_error
        self.on_latency: Callable[[], None] = lambda: None
        self._forget()

    def reset(self) -> None:
        super().reset()
        self._forget()

    def _forget(self) -> None:
        self._keys: list[tuple[int, ...]] = [(), ()]
        self._busy = [Delay(), Delay()]
        self._buffer: list[dict[int, int]] = [{}, {}]

    @property
    def wait_states(self) -> int:
        return self.registers[ACR] & 15

    @property
    def programming_delay(self) -> int:
        """ACR.WRHIGHFREQ."""
        return self.registers[ACR] >> 4 & 3

    def read(self, offset: int) -> int:
        bank, register = divmod(offset, BANK_DISTANCE)
        if register in (KEYR1, OPTKEYR, CCR1):
            return 0
        value = super().read(offset)
        if register == SR1:
            value |= WBNE if self._buffer[bank] else 0
            value |= 0 if self._busy[bank].look() else BSY | QW
        return value

    def write(self, offset: int, value: int) -> None:
        bank, register = divmod(offset, BANK_DISTANCE)
        if register == KEYR1:
            self._unlock(bank, value)
        elif register == CCR1:
            self.registers[SR1 + bank * BANK_DISTANCE] &= ~value
        elif register == CR1:
            self._control(bank, value)
        elif register not in (SR1, OPTKEYR):
            super().write(offset, value)
            if offset == ACR:
                self.on_latency()

    def store(self, address: int, size: int, value: int) -> None:
        bank = int(address - self.memory.origin >= self.memory.size // 2)
        control = self.registers[CR1 + bank * BANK_DISTANCE]
        buffer = self._buffer[bank]
        if control & (LOCK | PG) != PG:
            self._fail(bank, PGSERR)
            return
        if buffer and next(iter(buffer)) // FLASH_WORD != address // FLASH_WORD:
            self._fail(bank, INCERR)
            buffer.clear()
            return
        if any(address + place in buffer for place in range(size)):
            self._fail(bank, STRBERR)
            return
        for place in range(size):
            buffer[address + place] = value >> 8 * place & 0xFF
        if len(buffer) == FLASH_WORD:
            self._program(bank)

    def _unlock(self, bank: int, key: int) -> None:
        self._keys[bank] = (*self._keys[bank], key)
        if self._keys[bank] == KEYS:
            self.registers[CR1 + bank * BANK_DISTANCE] &= ~LOCK
        elif self._keys[bank] != KEYS[: len(self._keys[bank])]:
            raise BusError(BASE + KEYR1 + bank * BANK_DISTANCE, write=True)

    def _control(self, bank: int, value: int) -> None:
        register = CR1 + bank * BANK_DISTANCE
        if self.registers[register] & LOCK:
            return
        self._busy[bank].stall()
        if value & LOCK:
            self._keys[bank] = ()
        self.registers[register] = value & ~(START | FW)
        if value & FW and self._buffer[bank]:
            self._program(bank)
        if value & START and (value & PG or self._buffer[bank]):
            self._fail(bank, PGSERR)
        elif value & START:
            self._erase(bank, value)

    def _erase(self, bank: int, control: int) -> None:
        half = len(self.memory.sectors) // 2
        numbers = [sector.number for sector in self.memory.sectors][bank * half : (bank + 1) * half]
        if control & BER:
            chosen = numbers
        elif control & SER:
            chosen = numbers[control >> 8 & 7 :][:1]
        else:
            self._fail(bank, PGSERR)
            return
        for number in chosen:
            self.memory.erase(number)
        size = sum(sector.size for sector in self.memory.sectors if sector.number in chosen)
        self._finish(bank, size * ERASE_SECONDS_PER_BYTE)

    def _program(self, bank: int) -> None:
        buffer = self._buffer[bank]
        start = min(buffer) // FLASH_WORD * FLASH_WORD
        data = bytes(buffer.get(address, 0xFF) for address in range(start, start + FLASH_WORD))
        buffer.clear()
        self._busy[bank].stall()
        sound = self.memory.poisoned.within(start, FLASH_WORD) is None
        self.memory.program(start, data)
        if sound and self.memory.poisoned.within(start, FLASH_WORD) is not None:
            self.log(f"flash word {start:#010x} was programmed twice: its ECC does not match any more")
        self._finish(bank, PROGRAM_SECONDS["stm32h7"])

    def note_double_error(self, address: int) -> None:
        """A poisoned flash word was read: set DBECCERR and the fail address, which stays the first one's."""
        bank = int(address - self.memory.origin >= self.memory.size // 2)
        distance = bank * BANK_DISTANCE
        if not self.registers[SR1 + distance] & DBECCERR:
            self.registers[ECC_FA1R + distance] = (
                (address - self.memory.origin) % (self.memory.size // 2) // 32
            )
        self.registers[SR1 + distance] |= DBECCERR

    def _finish(self, bank: int, seconds: float) -> None:
        # The cells have changed already; software sees BSY for as long as the chip would take.
        self._busy[bank] = self._pace.after(seconds)
        self.registers[SR1 + bank * BANK_DISTANCE] |= EOP

    def _fail(self, bank: int, flag: int) -> None:
        self.registers[SR1 + bank * BANK_DISTANCE] |= flag
