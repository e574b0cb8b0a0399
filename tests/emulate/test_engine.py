from __future__ import annotations

from dataclasses import replace

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate.boards.f7 import FLASH_SIZE, ITCM_FLASH, UID, stm32f7
from edgel3_deploy.emulate.engine import map_part
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32.part import Part
from edgel3_deploy.errors import BadInputError
from tests.emulate.wire import FakeWire

pytest.importorskip("unicorn")
BOARD = load_board("stm32f7")


def part(board: Board = BOARD) -> Part:
    return stm32f7(board, None, Line(FakeWire(115_200)), lambda _line: None)


def test_flash_is_shared_and_seen_at_both_its_addresses() -> None:
    chip = part()
    engine = map_part(chip)
    chip.flash.program(BOARD.flash.origin + 8, b"abc")
    for origin in (BOARD.flash.origin, ITCM_FLASH):
        assert engine.mem_read(origin + 8, 4) == b"abc\xff"


def test_system_memory_identifies_the_chip() -> None:
    engine = map_part(part())
    assert int.from_bytes(engine.mem_read(FLASH_SIZE, 2), "little") == 2048
    assert bytes(engine.mem_read(UID, 7)) == b"VIRTUAL"


def test_a_region_that_cannot_be_mapped_is_named() -> None:
    odd = tuple(
        replace(region, size=region.size - 8) if region.name == "sram2" else region
        for region in BOARD.regions
    )
    with pytest.raises(BadInputError, match="region sram2 cannot be emulated: 16376 bytes at 0x2007c000"):
        map_part(part(replace(BOARD, regions=odd)))
