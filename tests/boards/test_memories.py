"""Memories of the families, and how flash is divided."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.memories import KB, in_memory, sectors_as_made
from edgel3_deploy.boards.source import board_names


@pytest.mark.parametrize("name", board_names())
def test_the_built_in_boards_lie_in_memory(name: str) -> None:
    board = load_board(name)
    assert all(in_memory(board.family, region) for region in board.regions)


@pytest.mark.parametrize(
    ("kilobytes", "made"),
    [
        ([32, 32, 32, 32, 128, 256, 256, 256], True),
        ([16, 16, 16, 16, 64, 128], True),
        ([32, 32, 32, 32], True),
        ([32, 32, 32, 32, 256], False),
        ([16, 16, 16, 16, 64, 128, 16], False),
        ([128, 128], False),
        ([], False),
    ],
)
def test_the_f7_s_sectors_grow_in_one_way(kilobytes: list[int], made: bool) -> None:
    assert sectors_as_made("stm32f7", [size * KB for size in kilobytes]) is made


def test_the_h7_s_sectors_are_alike() -> None:
    assert sectors_as_made("stm32h7", [128 * KB] * 16)
    assert not sectors_as_made("stm32h7", [128 * KB] * 15 + [64 * KB] * 2)
