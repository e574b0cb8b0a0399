"""The linked image: what stands where, and that the linker refuses what would not work."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from edgel3_deploy.boards import board_names, load_board
from edgel3_deploy.boards.board import Region
from edgel3_deploy.codegen.memory_map import LOADER_LIMIT, NULL_GUARD, loader_script
from edgel3_deploy.image.header import IMAGE_HEADER_SIZE
from edgel3_deploy.image.layout import MAILBOX_SIZE, flash_layout
from tests.firmware.images import Flashable, build_image
from tests.firmware.stand_in import ARENA

THUMB = 1


class Image:
    """Sections and symbols of an ELF file."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            elf = ELFFile(file)
            self.sections = {section.name: section.header for section in elf.iter_sections()}
            self.content = {name: elf.get_section_by_name(name).data() for name in (".vectors", ".rodata")}
            table = elf.get_section_by_name(".symtab")
            self.symbols = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}
            self.entry = elf["e_entry"]

    def vectors(self) -> list[int]:
        data = self.content[".vectors"]
        return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


@pytest.mark.parametrize("name", board_names())
def test_the_vector_table_opens_the_flash(image_for: Callable[[str], Path], name: str) -> None:
    image, board = Image(image_for(name)), load_board(name)
    assert image.sections[".vectors"]["sh_addr"] == board.flash.origin
    stack_top, reset, *others = image.vectors()
    assert stack_top == image.symbols["__stack_top"]
    assert reset == image.symbols["reset_handler"] | THUMB == image.entry | THUMB
    handlers = {image.symbols["fault_entry"] | THUMB, image.symbols["systick_handler"] | THUMB}
    assert set(others) == handlers


@pytest.mark.parametrize("name", board_names())
def test_the_stack_is_at_the_bottom_of_main_ram(image_for: Callable[[str], Path], name: str) -> None:
    image, board = Image(image_for(name)), load_board(name)
    assert image.symbols["__stack_limit"] == board.region(board.main_ram).origin
    assert image.symbols["__stack_top"] - image.symbols["__stack_limit"] == board.stack_size


@pytest.mark.parametrize("name", board_names())
def test_arenas_take_no_flash(image_for: Callable[[str], Path], name: str) -> None:
    image, board = Image(image_for(name)), load_board(name)
    arena = image.sections[".arena_dtcm"]
    assert arena["sh_type"] == "SHT_NOBITS"
    assert arena["sh_size"] >= ARENA.size
    assert arena["sh_addr"] >= image.symbols["__bss_end"]
    assert arena["sh_addr"] + arena["sh_size"] <= board.region("dtcm").end


@pytest.mark.parametrize("name", board_names())
def test_whatever_is_loaded_lies_in_the_board_s_regions(image_for: Callable[[str], Path], name: str) -> None:
    image, board = Image(image_for(name)), load_board(name)
    for section in image.sections.values():
        if section["sh_flags"] & 2 and section["sh_size"]:
            start, end = section["sh_addr"], section["sh_addr"] + section["sh_size"]
            assert any(region.origin <= start and end <= region.end for region in board.regions)


@pytest.mark.parametrize("name", board_names())
def test_what_dma_writes_has_its_own_region_and_is_zeroed(arm_gcc: Path, tmp_path: Path, name: str) -> None:
    extra = tmp_path / "ring.c"
    extra.write_text('extern char ring[100];\n__attribute__((section(".dma"))) char ring[100];\n')
    board = load_board(name)
    image = Image(build_image(arm_gcc, board, tmp_path, str(extra), "-Wl,--undefined=ring"))
    region = board.region(board.dma_ram or board.main_ram)
    section = image.sections[".dma"]
    assert region.origin <= section["sh_addr"] <= image.symbols["ring"]
    assert image.symbols["ring"] + 100 <= section["sh_addr"] + section["sh_size"] <= region.end
    assert section["sh_type"] == "SHT_NOBITS"
    zeroed = section["sh_addr"].to_bytes(4, "little") + section["sh_size"].to_bytes(4, "little")
    assert zeroed in image.content[".rodata"]


def test_an_arena_beyond_its_region_does_not_link(
    arm_gcc: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    board = load_board("stm32f7")
    small = (Region("dtcm", "ram", 0x2000_0000, 8 * 1024) if r.name == "dtcm" else r for r in board.regions)
    with pytest.raises(subprocess.CalledProcessError):
        build_image(arm_gcc, replace(board, regions=tuple(small)), tmp_path)
    assert "dtcm" in capfd.readouterr().err


def test_code_for_the_itcm_is_linked_there_and_stored_in_flash(arm_gcc: Path, tmp_path: Path) -> None:
    extra = tmp_path / "fast.c"
    extra.write_text(
        'int fast(int x);\n__attribute__((section(".itcm_text"))) int fast(int x)\n{\n    return x + 1;\n}\n'
    )
    board = load_board("stm32h7")
    image = Image(build_image(arm_gcc, board, tmp_path, str(extra), "-Wl,--undefined=fast"))
    assert image.symbols["fast"] & ~THUMB == board.region("itcm").origin + NULL_GUARD
    copied = (board.region("itcm").origin + NULL_GUARD).to_bytes(4, "little") + image.sections[".itcm_text"][
        "sh_size"
    ].to_bytes(4, "little")
    assert copied in image.content[".rodata"]


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
@pytest.mark.parametrize("slot", [0, 1])
def test_an_image_for_a_slot_stands_behind_its_header(
    arm_gcc: Path, tmp_path: Path, name: str, slot: int
) -> None:
    board = load_board(name)
    layout = flash_layout(board, 2)
    image = Image(build_image(arm_gcc, board, tmp_path, layout=layout, slot=slot))
    start = layout.slots[slot].origin + IMAGE_HEADER_SIZE
    assert image.sections[".vectors"]["sh_addr"] == start == image.symbols["__image_start"]
    assert image.symbols["__image_end"] < layout.slots[slot].end
    assert all(layout.slots[slot].origin < vector < layout.slots[slot].end for vector in image.vectors()[1:])


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_loader_and_application_share_the_mailbox_and_nothing_else_is_there(
    flashable_for: Callable[[str, int], Flashable], image_for: Callable[[str], Path], name: str
) -> None:
    main_ram = load_board(name).region("dtcm")
    loader = Image(flashable_for(name, 1).loader.with_suffix(".elf"))
    for image in (loader, Image(image_for(name))):
        assert image.symbols["__mailbox"] == main_ram.end - MAILBOX_SIZE
        for section in image.sections.values():
            if section["sh_flags"] & 2 and main_ram.origin <= section["sh_addr"] < main_ram.end:
                assert section["sh_addr"] + section["sh_size"] <= main_ram.end - MAILBOX_SIZE


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
@pytest.mark.parametrize("slots", [1, 2])
def test_the_loader_is_small(flashable_for: Callable[[str, int], Flashable], name: str, slots: int) -> None:
    board = load_board(name)
    assert flashable_for(name, slots).loader.stat().st_size <= LOADER_LIMIT
    limit = f"__image_end - __image_start <= {LOADER_LIMIT}".encode()
    assert limit in loader_script(board, flash_layout(board, slots))
