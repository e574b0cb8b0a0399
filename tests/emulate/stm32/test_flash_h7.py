from __future__ import annotations

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate.core.bus import BusError
from edgel3_deploy.emulate.stm32.flash_f7 import KEYS
from edgel3_deploy.emulate.stm32.flash_h7 import (
    BANK_DISTANCE,
    BER,
    BSY,
    CCR1,
    CR1,
    DBECCERR,
    ECC_FA1R,
    EOP,
    FW,
    INCERR,
    KEYR1,
    LOCK,
    PG,
    PGSERR,
    SER,
    SR1,
    START,
    STRBERR,
    WBNE,
    FlashH7,
)
from edgel3_deploy.emulate.stm32.flash_memory import FlashMemory
from edgel3_deploy.emulate.stm32.pace import Pace

BOARD = load_board("stm32h7")
ORIGIN = BOARD.flash.origin
BANK_2 = ORIGIN + BOARD.flash.size // 2


@pytest.fixture
def flash(said: list[str]) -> FlashH7:
    memory = FlashMemory(ORIGIN, BOARD.flash.size, BOARD.sectors, word=32, ecc=True)
    return FlashH7(memory, said.append, Pace())


def unlock(flash: FlashH7, bank: int = 0) -> None:
    for key in KEYS:
        flash.write(KEYR1 + bank * BANK_DISTANCE, key)


def test_a_flash_word_is_programmed_when_it_is_complete(flash: FlashH7) -> None:
    unlock(flash, bank=1)
    flash.write(CR1 + BANK_DISTANCE, PG)
    for word in range(7):
        flash.store(BANK_2 + 4 * word, 4, word)
        assert flash.read(SR1 + BANK_DISTANCE) & WBNE
    assert flash.memory.read(BANK_2, 32) == b"\xff" * 32
    flash.store(BANK_2 + 28, 4, 7)
    assert flash.read(SR1 + BANK_DISTANCE) & BSY
    while flash.read(SR1 + BANK_DISTANCE) & BSY:
        pass
    assert flash.read(SR1 + BANK_DISTANCE) == EOP
    assert flash.memory.read(BANK_2, 32) == b"".join(word.to_bytes(4, "little") for word in range(8))


def test_a_forced_write_fills_with_ones(flash: FlashH7) -> None:
    unlock(flash)
    flash.write(CR1, PG)
    flash.store(ORIGIN + 32, 2, 0xABCD)
    flash.write(CR1, PG | FW)
    assert flash.memory.read(ORIGIN + 32, 4) == b"\xcd\xab\xff\xff"


def test_programming_twice_breaks_the_ecc(flash: FlashH7, said: list[str]) -> None:
    unlock(flash)
    flash.write(CR1, PG)
    for value in (0x1234, 0x1234, 0x1230):
        flash.store(ORIGIN, 4, value)
        flash.write(CR1, PG | FW)
        assert bool(said) == (value == 0x1230), "the same content has the same check bits"
    assert said == ["flash word 0x08000000 was programmed twice: its ECC does not match any more"]
    assert flash.memory.poisoned.within(ORIGIN + 4, 1) == ORIGIN


def test_a_double_error_sets_its_flag_and_keeps_the_first_address(flash: FlashH7) -> None:
    for word in (3, 5):
        flash.memory.on_double_error(BANK_2 + 32 * word)
    assert flash.read(SR1 + BANK_DISTANCE) == DBECCERR
    assert flash.read(ECC_FA1R + BANK_DISTANCE) == 3
    flash.write(CCR1 + BANK_DISTANCE, DBECCERR)
    assert flash.read(SR1 + BANK_DISTANCE) == 0
    assert flash.read(SR1) == 0


def test_wrong_sequences_set_their_flags(flash: FlashH7) -> None:
    flash.store(ORIGIN, 4, 0)
    assert flash.read(SR1) == PGSERR
    flash.write(CCR1, PGSERR)
    unlock(flash)
    flash.write(CR1, PG)
    flash.store(ORIGIN, 4, 0)
    flash.store(ORIGIN, 4, 0)
    assert flash.read(SR1) == STRBERR | WBNE
    flash.store(ORIGIN + 32, 4, 0)
    assert flash.read(SR1) == STRBERR | INCERR
    assert flash.memory.read(ORIGIN, 64) == b"\xff" * 64


def test_erases_in_its_bank(flash: FlashH7) -> None:
    flash.memory.program(ORIGIN, bytes(BOARD.flash.size))
    unlock(flash, bank=1)
    flash.write(CR1 + BANK_DISTANCE, SER | 2 << 8 | START)
    assert [sector.number for sector in BOARD.sectors if flash.memory.is_erased(sector)] == [10]
    flash.write(CR1 + BANK_DISTANCE, BER | START)
    assert [sector.number for sector in BOARD.sectors if flash.memory.is_erased(sector)] == list(range(8, 16))
    flash.write(CR1, BER | START)
    assert not flash.memory.is_erased(BOARD.sectors[0]), "bank 1 is locked"


def test_a_wrong_key_is_a_bus_error_and_locks_until_reset(flash: FlashH7) -> None:
    with pytest.raises(BusError):
        flash.write(KEYR1, 1)
    with pytest.raises(BusError):
        unlock(flash)
    assert flash.read(CR1) & LOCK
    flash.reset()
    unlock(flash)
    assert not flash.read(CR1) & LOCK


def test_an_erase_is_refused_while_programming_is_under_way(flash: FlashH7) -> None:
    unlock(flash)
    flash.write(CR1, PG | SER | START)
    assert flash.read(SR1) == PGSERR
    flash.write(CCR1, PGSERR)
    flash.write(CR1, PG)
    flash.store(ORIGIN, 4, 0)
    flash.write(CR1, SER | START)
    assert flash.read(SR1) == PGSERR | WBNE
