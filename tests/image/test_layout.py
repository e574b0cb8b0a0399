"""Loader and slots lie on sector boundaries; what a board cannot have is refused."""

from __future__ import annotations

import dataclasses

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import Region
from edgel3_deploy.errors import UsageError
from edgel3_deploy.image.layout import FlashLayout, application_board, flash_layout, image_region

KIB = 1024


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("stm32f7", (0x0801_8000, 928 * KIB), (0x0810_0000, 1024 * KIB)),
        ("nucleo-f767zi", (0x0801_8000, 928 * KIB), (0x0810_0000, 1024 * KIB)),
        ("stm32h7", (0x0802_0000, 768 * KIB), (0x080E_0000, 896 * KIB)),
    ],
)
def test_two_slots_share_what_loader_and_settings_leave(
    name: str, first: tuple[int, int], second: tuple[int, int]
) -> None:
    layout = flash_layout(load_board(name), 2)
    assert [(slot.origin, slot.size) for slot in layout.slots] == [first, second]


def test_small_sectors_behind_the_loader_hold_the_settings() -> None:
    board = load_board("stm32f7")
    layout = flash_layout(board, 1)
    assert layout.loader == Region("loader", "flash", board.flash.origin, 32 * KIB)
    assert layout.settings == Region("settings", "flash", 0x0800_8000, 64 * KIB)
    (slot,) = layout.slots
    assert (slot.origin, slot.end) == (layout.settings.end, board.flash.end)


def test_of_equal_sectors_the_last_two_hold_the_settings() -> None:
    board = load_board("stm32h7")
    layout = flash_layout(board, 1)
    assert layout.loader == Region("loader", "flash", board.flash.origin, 128 * KIB)
    assert layout.settings == Region("settings", "flash", 0x081C_0000, 256 * KIB)
    (slot,) = layout.slots
    assert (slot.origin, slot.end) == (layout.loader.end, layout.settings.origin)


def test_a_bare_image_has_the_whole_flash() -> None:
    board = load_board("stm32f7")
    layout = flash_layout(board, 0)
    assert layout == FlashLayout(None, ())
    assert image_region(board, layout) == board.flash


def test_the_image_starts_behind_the_header() -> None:
    board = load_board("stm32h7")
    region = image_region(board, flash_layout(board, 2), slot=1)
    assert (region.name, region.origin, region.end) == ("flash", 0x080E_0400, 0x081C_0000)


def test_the_application_finds_less_flash_and_no_mailbox() -> None:
    board = load_board("stm32f7")
    found = application_board(board, flash_layout(board, 1))
    assert found.flash.origin == 0x0801_8400
    assert found.flash.size == 2048 * KIB - 96 * KIB - KIB
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


@pytest.mark.parametrize(
    ("slots", "behind", "hint"), [(2, 3, "--slots one"), (2, 2, "--no-loader"), (1, 2, "--no-loader")]
)
def test_too_few_sectors_are_told_what_is_possible(slots: int, behind: int, hint: str) -> None:
    board = load_board("stm32f7")
    sectors = board.sectors[: 1 + behind]
    with pytest.raises(UsageError, match=f"too few sectors behind the loader, {behind}") as caught:
        flash_layout(dataclasses.replace(board, sectors=sectors), slots)
    assert hint in caught.value.hint


def test_three_slots_are_refused() -> None:
    with pytest.raises(UsageError, match="3 slots"):
        flash_layout(load_board("stm32f7"), 3)
