"""The members of the family that fit a board."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards import board_names, load_board
from edgel3_deploy.models.family import FAMILY
from edgel3_deploy.plan.estimate import estimate_member
from edgel3_deploy.plan.fitting import fitting, member_fits
from tests.plan.chains import board_with
from tests.plan.test_estimate import F7, SMALL, SPARSE


@pytest.mark.parametrize("board", board_names())
def test_sea_64_to_256_and_the_sparsest_fit_every_board(board: str) -> None:
    assert fitting(load_board(board)) == (*SMALL, *SPARSE)


def test_the_short_verdict_on_members_is_the_long_one() -> None:
    for board in (F7, board_with(40_000), board_with(2048, 512)):
        for known in FAMILY:
            assert member_fits(known, board) == (estimate_member(known, board).verdict == "fits")
