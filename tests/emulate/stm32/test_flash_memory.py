from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.boards.board import Sector
from edgel3_deploy.emulate.stm32.flash_memory import FlashMemory
from edgel3_deploy.errors import BadInputError

ORIGIN = 0x0800_0000
SECTORS = (Sector(0, ORIGIN, 4096), Sector(1, ORIGIN + 4096, 8192))
SIZE = 12_288


def flash(file: Path | None = None) -> FlashMemory:
    return FlashMemory(ORIGIN, SIZE, SECTORS, file)


@given(first=st.binary(min_size=1, max_size=16), second=st.binary(min_size=1, max_size=16))
def test_programming_only_clears_bits(first: bytes, second: bytes) -> None:
    memory = flash()
    memory.program(ORIGIN + 3, first)
    memory.program(ORIGIN + 3, second)
    size = max(len(first), len(second))
    both = zip(first.ljust(size, b"\xff"), second.ljust(size, b"\xff"), strict=True)
    assert memory.read(ORIGIN + 3, size) == bytes(a & b for a, b in both)
    assert memory.read(ORIGIN, 3) == b"\xff" * 3


def test_erasing_sets_one_sector() -> None:
    memory = flash()
    memory.program(ORIGIN, bytes(SIZE))
    changes: list[tuple[int, int]] = []
    memory.on_change = lambda address, size: changes.append((address, size))
    assert memory.erase(1)
    assert not memory.erase(2)
    assert memory.is_erased(SECTORS[1])
    assert memory.read(ORIGIN, 4096) == bytes(4096)
    assert changes == [(ORIGIN + 4096, 8192)]


def test_a_file_keeps_the_contents(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    memory = flash(file)
    assert file.read_bytes() == b"\xff" * SIZE
    memory.program(ORIGIN + 1, b"\x12\x34")
    assert file.read_bytes()[:4] == b"\xff\x12\x34\xff"


def test_files_that_are_no_flash_contents(tmp_path: Path) -> None:
    short, folder, lost = tmp_path / "short.bin", tmp_path / "folder", tmp_path / "nowhere" / "flash.bin"
    short.write_bytes(b"x")
    folder.mkdir()
    complaints = {short: "1 bytes, its flash has 12288", folder: "Is a directory", lost: "No such file"}
    for file, complaint in complaints.items():
        with pytest.raises(BadInputError, match=complaint) as caught:
            flash(file)
        assert str(file) in caught.value.message


def test_one_board_per_file(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    kept = flash(file)
    with pytest.raises(BadInputError, match="in use by another virtual board"):
        flash(file)
    assert kept.is_erased(SECTORS[0])
    kept.close()
    assert flash(file).is_erased(SECTORS[0])
