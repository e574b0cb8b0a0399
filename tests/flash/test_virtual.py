"""`--port virtual`: the virtual board is programmed, and its flash stays in the build's folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import LinkError, UsageError
from edgel3_deploy.flash import flash_build
from edgel3_deploy.flash.virtual import FLASH_FILE, port_to_run
from tests.flash.images import image_for


@pytest.fixture
def unicorn() -> None:
    pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")


def build_of(board: Board, folder: Path, size: int) -> Any:
    """What flashing needs to know of a build, around an image that loops for ever."""
    path = folder / "firmware.bin"
    path.write_bytes(image_for(board, size))
    return SimpleNamespace(board=board, directory=folder, elf=path)


@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7"])
def test_the_flash_file_holds_the_image_and_is_erased_behind_it(
    unicorn: None, name: str, tmp_path: Path
) -> None:
    board = load_board(name)
    result = flash_build(build_of(board, tmp_path, 40_001), "virtual")
    contents = (tmp_path / FLASH_FILE).read_bytes()
    assert contents[:40_001] == image_for(board, 40_001)
    assert contents[40_001:40_032].strip(b"\xff") == b""
    assert result.verified


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_a_board_that_hangs_is_reached_by_holding_boot0(unicorn: None, name: str, tmp_path: Path) -> None:
    board = load_board(name)
    flash_build(build_of(board, tmp_path, 40_000), "virtual")
    assert flash_build(build_of(board, tmp_path, 50_000), "virtual").bytes_written == 50_000


def test_a_virtual_board_has_no_probe(stm32f7: Board, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no debug probe"):
        flash_build(build_of(stm32f7, tmp_path, 100), "virtual", via="openocd")


def test_a_board_without_flash_points_to_validate(tmp_path: Path) -> None:
    board = load_board("mps2-an500")
    with pytest.raises(UsageError, match="no flash memory to program") as caught:
        flash_build(build_of(board, tmp_path, 100), "virtual")
    assert "validate --board mps2-an500 --port virtual" in caught.value.hint


def test_a_board_without_an_emulator_says_so(stm32f7: Board, tmp_path: Path) -> None:
    board = dataclasses.replace(stm32f7, emulator=None)
    with pytest.raises(UsageError, match="has no virtual board"):
        flash_build(build_of(board, tmp_path, 100), "virtual")


def test_a_board_that_was_never_flashed_is_not_run(stm32f7: Board, tmp_path: Path) -> None:
    with (
        pytest.raises(LinkError, match="never flashed"),
        port_to_run(stm32f7, tmp_path, tmp_path / "firmware.elf"),
    ):
        pass
