"""What is no firmware for this board is refused before anything is erased."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.flash.base import Part
from edgel3_deploy.flash.image import load_image
from edgel3_deploy.image.hexfile import to_hex
from tests.flash.images import image_for

FLASH = 0x08000000


def elf(*segments: tuple[int, bytes]) -> bytes:
    """A minimal ELF32 for Arm with PT_LOAD segments at these physical addresses."""
    offset = 52 + 32 * len(segments)
    headers, contents = b"", b""
    for address, data in segments:
        headers += struct.pack("<8I", 1, offset + len(contents), address, address, len(data), len(data), 5, 4)
        contents += data
    identification = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, FLASH + 9, 52, 0, 0, 52, 32, len(segments), 0, 0, 0)
    return identification + header + headers + contents


def test_a_bin_is_taken_as_it_is(stm32f7: Board, tmp_path: Path) -> None:
    path = tmp_path / "firmware.bin"
    path.write_bytes(image_for(stm32f7, 999))
    assert load_image(path, stm32f7).parts == (Part(FLASH, image_for(stm32f7, 999)),)


def test_an_elf_is_laid_out_by_physical_address_with_erased_gaps(stm32f7: Board, tmp_path: Path) -> None:
    path = tmp_path / "firmware.elf"
    code = image_for(stm32f7, 16)
    path.write_bytes(elf((FLASH, code), (FLASH + 20, b"data")))
    assert load_image(path, stm32f7).parts == (Part(FLASH, code + b"\xff" * 4 + b"data"),)


def test_a_build_folder_stands_for_its_elf(stm32f7: Board, tmp_path: Path) -> None:
    (tmp_path / "firmware.elf").write_bytes(elf((FLASH, image_for(stm32f7, 64))))
    assert load_image(tmp_path, stm32f7).parts == (Part(FLASH, image_for(stm32f7, 64)),)


def test_a_hex_keeps_its_gaps(stm32f7: Board, tmp_path: Path) -> None:
    path = tmp_path / "firmware.hex"
    parts = [(FLASH, image_for(stm32f7, 70_000)), (0x08020000, b"application")]
    path.write_bytes(to_hex(parts))
    image = load_image(path, stm32f7)
    assert image.parts == tuple(Part(*part) for part in parts)
    assert image.size == 70_011
    assert [sector.number for sector in image.sectors(stm32f7)] == [0, 1, 2, 4]


def test_sectors_are_those_that_the_image_touches(stm32f7: Board, stm32h7: Board) -> None:
    def numbers(board: Board, size: int) -> list[int]:
        return [sector.number for sector in load_image(image_for(board, size), board).sectors(board)]

    kib = 1024
    assert numbers(stm32f7, 32 * kib) == [0]
    assert numbers(stm32f7, 32 * kib + 1) == [0, 1]
    assert numbers(stm32f7, 256 * kib + 1) == [0, 1, 2, 3, 4, 5]
    assert numbers(stm32h7, 1024 * kib + 1) == list(range(9))


def test_an_absent_file_is_named(stm32f7: Board, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nowhere\.bin: No such file"):
        load_image(tmp_path / "nowhere.bin", stm32f7)


def test_a_segment_outside_flash_is_refused(stm32f7: Board, tmp_path: Path) -> None:
    path = tmp_path / "other.elf"
    path.write_bytes(elf((0x20000000, image_for(stm32f7, 64))))
    with pytest.raises(BadInputError, match="segment at 0x20000000 lies outside the flash of stm32f7"):
        load_image(path, stm32f7)


def test_an_image_for_another_board_is_refused(stm32f7: Board) -> None:
    with pytest.raises(BadInputError, match="does not belong to stm32f7"):
        load_image(image_for(load_board("mps2-an500"), 64), stm32f7)


def test_an_image_larger_than_flash_is_refused(stm32f7: Board) -> None:
    with pytest.raises(BadInputError, match="exceed the flash of stm32f7"):
        load_image(image_for(stm32f7, 8) + bytes(2 << 20), stm32f7)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(BadInputError, match="the image"):
        load_image(data, load_board("stm32f7"))


@given(st.data())
def test_a_damaged_elf_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    board = load_board("stm32f7")
    content = bytearray(elf((FLASH, image_for(board, 64)), (FLASH + 64, b"data")))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, 115))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.elf"
    path.write_bytes(content[: data.draw(st.integers(5, len(content)))])
    try:
        image = load_image(path, board)
    except BadInputError as error:
        assert "damaged.elf" in error.message
    else:
        assert image.size <= board.flash.size
