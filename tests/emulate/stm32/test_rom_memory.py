from __future__ import annotations

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate.boards.f7 import UID, stm32f7
from edgel3_deploy.emulate.engine import map_part
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32.rom_bootloader import Protection
from edgel3_deploy.emulate.stm32.rom_memory import WORKSPACE, WORKSPACE_SIZE, RomMemory
from tests.emulate.wire import FakeWire

pytest.importorskip("unicorn")
FLASH = 0x0800_0000
FREE_RAM = WORKSPACE + WORKSPACE_SIZE


@pytest.fixture
def protection() -> Protection:
    return Protection()


@pytest.fixture
def memory(protection: Protection) -> RomMemory:
    part = stm32f7(load_board("stm32f7"), None, Line(FakeWire(57_600)), lambda _line: None)
    return RomMemory(part, map_part(part), protection)


def test_flash_and_free_ram_can_be_read_and_written(memory: RomMemory) -> None:
    for address in (FLASH + 4, FREE_RAM, 0x2002_0000 - 2):
        assert memory.write(address, b"abcd")
        assert memory.read(address, 4) == b"abcd"


def test_system_memory_can_only_be_read(memory: RomMemory) -> None:
    assert memory.read(UID, 7) == b"VIRTUAL"
    assert not memory.write(UID, b"x")


@pytest.mark.parametrize(
    "address", [WORKSPACE, FREE_RAM - 1, 0x2008_0000, 0x4000_0000, FLASH + 2 * 1024 * 1024]
)
def test_its_own_ram_and_what_is_not_there_cannot(memory: RomMemory, address: int) -> None:
    assert memory.read(address, 2) is None
    assert not memory.write(address, b"ab")


def test_protected_sectors_are_not_written(memory: RomMemory, protection: Protection) -> None:
    protection.write = frozenset({1})
    assert not memory.write(FLASH + 32 * 1024 - 2, b"abcd")
    assert memory.write(FLASH, b"abcd")
    assert memory.sector_numbers == tuple(range(12))
