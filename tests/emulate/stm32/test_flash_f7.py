from __future__ import annotations

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate.boards.f7 import dual_bank_sectors
from edgel3_deploy.emulate.stm32.flash_f7 import (
    BSY,
    CR,
    ERSERR,
    KEYR,
    KEYS,
    LOCK,
    MER1,
    MER2,
    NOT_DUAL_BANK,
    OPTCR,
    PG,
    PGAERR,
    PGPERR,
    SER,
    SR,
    STRT,
    FlashF7,
)
from edgel3_deploy.emulate.stm32.flash_memory import FlashMemory
from edgel3_deploy.emulate.stm32.pace import Pace

BOARD = load_board("stm32f7")
ORIGIN = BOARD.flash.origin
WORDS = 2 << 8


@pytest.fixture
def flash() -> FlashF7:
    return FlashF7(FlashMemory(ORIGIN, BOARD.flash.size, BOARD.sectors), lambda _line: None, Pace())


def unlock(flash: FlashF7) -> None:
    for key in KEYS:
        flash.write(KEYR, key)


def settle(flash: FlashF7) -> None:
    while flash.read(SR) & BSY:
        pass


def test_two_keys_open_the_lock(flash: FlashF7) -> None:
    flash.write(CR, PG)
    assert flash.read(CR) == LOCK
    unlock(flash)
    assert flash.read(CR) == 0
    flash.write(CR, LOCK)
    flash.write(CR, PG)
    assert flash.read(CR) == LOCK


def test_after_a_wrong_key_only_a_reset_helps(flash: FlashF7) -> None:
    flash.write(KEYR, 1)
    unlock(flash)
    assert flash.read(CR) == LOCK
    flash.reset()
    unlock(flash)
    assert flash.read(CR) == 0


def test_programs_units_of_psize(flash: FlashF7) -> None:
    unlock(flash)
    flash.write(CR, PG | WORDS)
    flash.store(ORIGIN, 4, 0x1234_5678)
    assert flash.read(SR) & BSY
    settle(flash)
    assert flash.read(SR) == 0
    assert flash.memory.read(ORIGIN, 4) == b"\x78\x56\x34\x12"


@pytest.mark.parametrize(
    ("control", "address", "size", "flag"),
    [(WORDS, ORIGIN, 4, ERSERR), (PG | WORDS, ORIGIN, 2, PGPERR), (PG | WORDS, ORIGIN + 2, 4, PGAERR)],
)
def test_a_store_that_is_no_programming_sets_its_flag(
    flash: FlashF7, control: int, address: int, size: int, flag: int
) -> None:
    unlock(flash)
    flash.write(CR, control)
    flash.store(address, size, 0)
    assert flash.read(SR) == flag
    assert flash.memory.read(ORIGIN, 8) == b"\xff" * 8
    flash.write(SR, flag)
    assert flash.read(SR) == 0


def test_erases_by_sector_number_and_all(flash: FlashF7) -> None:
    flash.memory.program(ORIGIN, bytes(BOARD.flash.size))
    unlock(flash)
    flash.write(CR, SER | 4 << 3 | STRT)
    erased = [sector.number for sector in BOARD.sectors if flash.memory.is_erased(sector)]
    assert erased == [4]
    flash.write(CR, SER | 12 << 3 | STRT)
    settle(flash)
    assert flash.read(SR) == ERSERR
    flash.write(CR, MER1 | STRT)
    assert all(flash.memory.is_erased(sector) for sector in BOARD.sectors)


def test_what_comes_while_it_is_busy_waits(flash: FlashF7) -> None:
    unlock(flash)
    flash.write(CR, SER | STRT)
    flash.write(CR, PG | WORDS)
    assert not flash.read(SR) & BSY, "the write to CR stalled until the erase was done"
    flash.store(ORIGIN, 4, 0)
    flash.store(ORIGIN + 4, 4, 0)
    settle(flash)
    assert flash.read(SR) == 0
    assert flash.memory.read(ORIGIN, 8) == bytes(8)


def test_in_dual_bank_mode_numbers_mean_other_sectors() -> None:
    sectors = dual_bank_sectors(BOARD)
    flash = FlashF7(
        FlashMemory(ORIGIN, BOARD.flash.size, sectors), lambda _line: None, Pace(), dual_bank=True
    )
    assert not flash.read(OPTCR) & NOT_DUAL_BANK
    unlock(flash)

    def erased_by(control: int) -> list[int]:
        flash.memory.program(ORIGIN, bytes(BOARD.flash.size))
        flash.write(CR, control | STRT)
        return [sector.number for sector in sectors if flash.memory.is_erased(sector)]

    assert erased_by(SER | 4 << 3) == [4]
    assert sectors[4].size == 64 * 1024
    assert erased_by(SER | 17 << 3) == [13]
    assert erased_by(SER | 12 << 3) == []
    assert erased_by(MER1) == list(range(12))
    assert erased_by(MER2) == list(range(12, 24))
