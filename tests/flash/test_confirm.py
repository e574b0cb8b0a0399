"""What a board says of its image is compared with the build's, place by place; anything else is a failure."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash import confirm as module
from edgel3_deploy.flash.base import FlashResult
from edgel3_deploy.flash.confirm import Expected, confirm
from edgel3_deploy.link.answers import Announcement
from edgel3_deploy.link.protocol import StayReason
from edgel3_deploy.progress import silent
from tests.link.fake_loader import FakeLoaderBoard

BOARD = load_board("nucleo-f767zi")
DATA = bytes(range(256)) * 4
BUILD_ID = bytes(range(32))
RESULT = FlashResult("openocd", len(DATA), (3,), verified=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOADER_PATIENCE", 0.2)


def running(**options: Any) -> FakeLoaderBoard:
    """A board whose first slot holds the image."""
    board = FakeLoaderBoard(BOARD, **options)
    origin = board.slots[0].origin
    board.install(0, Announcement(origin, len(DATA), zlib.crc32(DATA), 1, BUILD_ID, BOARD.name), DATA)
    return board


def complaint(board: FakeLoaderBoard, expected: Expected) -> str:
    with board, pytest.raises(FlashError) as refused:
        confirm(RESULT, expected, BOARD, board.path, silent)
    return refused.value.message


def test_the_same_build_with_the_same_crc_is_confirmed() -> None:
    crc = zlib.crc32(DATA)
    with running() as board:
        result = confirm(RESULT, Expected(BUILD_ID, (crc,)), BOARD, board.path, silent)
    assert result.confirmed_by_board
    assert (result.slot, result.crc, result.build_id, result.notes) == (0, crc, BUILD_ID.hex(), ())


def test_another_crc_is_no_confirmation() -> None:
    assert "computes CRC" in complaint(running(), Expected(BUILD_ID, (zlib.crc32(DATA) ^ 1,)))


def test_a_slot_that_the_build_knows_nothing_of_is_no_confirmation() -> None:
    assert "the build's is unknown" in complaint(running(), Expected(BUILD_ID))


def test_another_build_with_the_same_crc_is_no_confirmation() -> None:
    assert "not the build 626262" in complaint(running(), Expected(b"b" * 32, (zlib.crc32(DATA),)))


def test_another_board_with_the_same_image_is_no_confirmation() -> None:
    board = running(identity={"board": "stm32h7"})
    assert "is stm32h7, not nucleo-f767zi" in complaint(board, Expected(BUILD_ID, (zlib.crc32(DATA),)))


def test_a_loader_that_keeps_waiting_is_no_confirmation() -> None:
    board = running(stays=StayReason.FAILED_START)
    assert "does not start the image" in complaint(board, Expected(BUILD_ID, (zlib.crc32(DATA),)))
