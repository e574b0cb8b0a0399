"""Loader and slots lie on sector boundaries; what a board cannot have is refused."""

from __future__ import annotations

import dataclasses

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import Sector
from edgel3_deploy.errors import UsageError
from edgel3_deploy.image.layout import FlashLayout, application_board, flash_layout, image_region

KIB = 1024


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("stm32f7", (0x0800_8000, 992 * KIB), (0x0810_0000, 1024 * KIB)),
        ("nucleo-f767zi", (0x0800_8000, 992 * KIB), (0x0810_0000, 1024 * KIB)),
        ("stm32h7", (0x0802_0000, 896 * KIB), (0x0810_0000, 1024 * KIB)),
    ],
)
def test_two_slots_share_what_the_loader_leaves(
    name: str, first: tuple[int, int], second: tuple[int, int]
) -> None:
    layout = flash_layout(load_board(name), 2)
    assert [(slot.origin, slot.size) for slot in layout.slots] == [first, second]


@pytest.mark.parametrize(("name", "loader"), [("stm32f7", 32 * KIB), ("stm32h7", 128 * KIB)])
def test_one_slot_is_all_behind_the_loader(name: str, loader: int) -> None:
    board = load_board(name)
    layout = flash_layout(board, 1)
    assert layout.loader is not None
    assert (layout.loader.origin, layout.loader.size) == (board.flash.origin, loader)
    (slot,) = layout.slots
    assert (slot.origin, slot.end) == (layout.loader.end, board.flash.end)


def test_a_bare_image_has_the_whole_flash() -> None:
    board = load_board("stm32f7")
    layout = flash_layout(board, 0)
    assert layout == FlashLayout(None, ())
    assert image_region(board, layout) == board.flash


def test_the_image_starts_behind_the_header() -> None:
    board = load_board("stm32h7")
    region = image_region(board, flash_layout(board, 2), slot=1)
    assert (region.name, region.origin, region.end) == ("flash", 0x0810_0400, 0x0820_0000)


def test_the_application_finds_less_flash_and_no_mailbox() -> None:
    board = load_board("stm32f7")
    found = application_board(board, flash_layout(board, 1))
    assert found.flash.origin == 0x0800_8400
    assert found.flash.size == 2048 * KIB - 32 * KIB - KIB
    assert found.region("dtcm").size == board.region("dtcm").size - 256
    assert found.region("sram1") == board.region("sram1")


def test_a_bare_image_leaves_the_mailbox_too() -> None:
    board = load_board("stm32f7")
    found = application_board(board, flash_layout(board, 0))
    assert found.flash == board.flash
    assert found.region("dtcm").size == board.region("dtcm").size - 256


def test_a_board_without_a_loader_keeps_its_memories() -> None:
    board = load_board("mps2-an500")
    assert application_board(board, flash_layout(board, 0)) == board


@pytest.mark.parametrize("slots", [1, 2])
def test_a_board_without_a_loader_has_no_slots(slots: int) -> None:
    with pytest.raises(UsageError, match="mps2-an500 has no loader"):
        flash_layout(load_board("mps2-an500"), slots)


def test_one_sector_is_no_two_slots() -> None:
    board = load_board("stm32f7")
    flash = board.flash
    sectors = (Sector(0, flash.origin, 32 * KIB), Sector(1, flash.origin + 32 * KIB, flash.size - 32 * KIB))
    with pytest.raises(UsageError, match="one sector of 2,064,384 bytes"):
        flash_layout(dataclasses.replace(board, sectors=sectors), 2)


def test_three_slots_are_refused() -> None:
    with pytest.raises(UsageError, match="3 slots"):
        flash_layout(load_board("stm32f7"), 3)
