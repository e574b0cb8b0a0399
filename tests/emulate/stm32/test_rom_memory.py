from __future__ import annotations

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate.boards.f7 import BOOTLOADER_ID, UID, stm32f7
from edgel3_deploy.emulate.boards.h7 import stm32h7
from edgel3_deploy.emulate.engine import map_part
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.options import Quirks
from edgel3_deploy.emulate.stm32.axi import SRAM as AXI_SRAM
from edgel3_deploy.emulate.stm32.rcc_h7 import AHB2ENR
from edgel3_deploy.emulate.stm32.rom_bootloader import Protection
from edgel3_deploy.emulate.stm32.rom_memory import RomMemory
from tests.emulate.wire import FakeWire

pytest.importorskip("unicorn")
FLASH = 0x0800_0000
WORKSPACE, WORKSPACE_SIZE = 0x2000_0000, 0x4000
OPTION_USER_HALF = 0x1FFF_0008
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


@pytest.mark.parametrize("dual_bank", [False, True])
def test_option_bytes_tell_the_bank_mode(dual_bank: bool) -> None:
    quirks = Quirks(dual_bank=dual_bank)
    part = stm32f7(load_board("stm32f7"), None, Line(FakeWire(57_600)), lambda _line: None, quirks)
    memory = RomMemory(part, map_part(part), Protection())
    half = memory.read(OPTION_USER_HALF, 2)
    assert half is not None
    assert (int.from_bytes(half, "little") >> 13 & 1) == (0 if dual_bank else 1)
    assert len(memory.sector_numbers) == (24 if dual_bank else 12)


def test_its_version_is_in_system_memory(memory: RomMemory) -> None:
    assert memory.read(BOOTLOADER_ID, 1) == b"\x93"


def test_the_h7_rom_destroys_axi_sram_and_does_not_reach_domain_2() -> None:
    quirks = Quirks(rom_version=0x91)
    part = stm32h7(load_board("stm32h7"), None, Line(FakeWire(57_600)), lambda _line: None, quirks)
    part.rcc.write(AHB2ENR, 7 << 29)
    engine = map_part(part)
    engine.mem_write(AXI_SRAM, b"kept")
    memory = RomMemory(part, engine, Protection())
    assert bytes(engine.mem_read(AXI_SRAM, 4)) == b"\xa5" * 4
    assert memory.write(AXI_SRAM + 208 * 1024, b"abcd")
    for closed in (0x3000_0000, 0x3002_0000, 0x3004_0000, 0):
        assert not memory.write(closed, b"abcd")
    assert memory.read(0x1FF1_E7FE, 1) == b"\x91"


def test_protected_sectors_are_not_written(memory: RomMemory, protection: Protection) -> None:
    protection.write = frozenset({1})
    assert not memory.write(FLASH + 32 * 1024 - 2, b"abcd")
    assert memory.write(FLASH, b"abcd")
    assert memory.sector_numbers == tuple(range(12))
