"""The virtual debug probe changes the flash file as a probe changes flash: by sector, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash.base import Image, Part
from edgel3_deploy.flash.virtual_probe import program


def image(*parts: tuple[int, bytes]) -> Image:
    return Image(tuple(Part(origin, data) for origin, data in parts))


def test_an_absent_file_becomes_a_blank_board_with_the_image(stm32f7: Board, tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    result = program(image((0x08000000, b"loader"), (0x08008000, b"application")), stm32f7, file)
    contents = file.read_bytes()
    assert len(contents) == stm32f7.flash.size
    assert contents[:8] == b"loader\xff\xff"
    assert contents[0x8000:0x800C] == b"application\xff"
    assert (result.sectors, result.bytes_written, result.verified) == ((0, 1), 17, True)


def test_sectors_that_the_image_does_not_touch_stay_as_they_were(stm32f7: Board, tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    file.write_bytes(b"\x55" * stm32f7.flash.size)
    program(image((0x08008010, b"x")), stm32f7, file)
    contents = file.read_bytes()
    assert contents[:0x8000] == b"\x55" * 0x8000
    assert contents[0x8000:0x10000] == b"\xff" * 16 + b"x" + b"\xff" * (0x8000 - 17)
    assert contents[0x10000:] == b"\x55" * (stm32f7.flash.size - 0x10000)


def test_erasing_heals_the_flash_words_of_the_sector(stm32h7: Board, tmp_path: Path) -> None:
    beside = tmp_path / "flash.bin.ecc"
    beside.write_text("0x08020040\n0x08040020\n")
    program(image((0x08020000, b"x")), stm32h7, tmp_path / "flash.bin")
    assert beside.read_text() == "0x08040020\n"
    program(image((0x08040000, b"x")), stm32h7, tmp_path / "flash.bin")
    assert not beside.exists()


def test_a_file_of_another_size_is_refused(stm32f7: Board, tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    file.write_bytes(bytes(100))
    with pytest.raises(FlashError, match="100 bytes, its flash has 2097152"):
        program(image((0x08000000, b"x")), stm32f7, file)
    assert file.read_bytes() == bytes(100)


def test_a_folder_that_is_not_there_is_named(stm32f7: Board, tmp_path: Path) -> None:
    with pytest.raises(FlashError, match=r"cannot use .*nowhere"):
        program(image((0x08000000, b"x")), stm32f7, tmp_path / "nowhere" / "flash.bin")
