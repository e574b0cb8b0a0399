"""Sections keep both of their addresses, symbols their sizes; anything else than an ELF is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.errors import ToolchainError
from edgel3_deploy.toolchain.elf import read_elf
from tests.toolchain.conftest import Link

SOURCE = """
int table[8] = {1};
char zeros[40];
const char text[12] = "text";
int main(void) { return table[0] + zeros[0] + text[0]; }
"""


def test_initialised_data_runs_in_ram_and_is_stored_in_flash(link: Link) -> None:
    image = read_elf(link(SOURCE))
    data = next(section for section in image.sections if section.name == ".data")
    text = next(section for section in image.sections if section.name == ".text")
    assert data.address == 0x2000_0100
    assert data.load_address >= text.address + text.size
    assert (data.size, data.stored) == (32, True)


def test_bss_and_stack_have_no_bytes_in_the_image(link: Link) -> None:
    stored = {section.name: section.stored for section in read_elf(link(SOURCE)).sections}
    assert stored == {".text": True, ".stack": False, ".data": True, ".bss": False}


def test_symbols_have_kind_place_and_size(link: Link) -> None:
    symbols = {symbol.name: symbol for symbol in read_elf(link(SOURCE)).symbols}
    assert (symbols["table"].kind, symbols["table"].size) == ("object", 32)
    assert symbols["zeros"].size == 40
    assert symbols["main"].kind == "function"
    assert symbols["main"].address % 2 == 0


def test_entry_and_names(link: Link) -> None:
    image = read_elf(link(SOURCE))
    assert image.entry & ~1 == next(symbol.address for symbol in image.symbols if symbol.name == "main")
    assert {"main", "text", "zeros"} <= image.names


def test_absent_file_is_a_toolchain_error(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match=r"gone\.elf"):
        read_elf(tmp_path / "gone.elf")


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"\x7fELF\x01\x01\x01" + tail))
def test_garbage_is_a_toolchain_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "garbage.elf"
    path.write_bytes(content)
    with pytest.raises(ToolchainError):
        read_elf(path)
