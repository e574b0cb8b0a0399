"""Refusals carry their figures, name the excess, and say what would fit."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards import Board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.models.family import member
from edgel3_deploy.pipeline.verdict import refuse_budget, refuse_member
from edgel3_deploy.toolchain.budget import Item, budget_of


@pytest.mark.parametrize("name", ["sea-64", "sea-128", "sea-256"])
def test_members_that_fit_pass(board: Board, name: str) -> None:
    refuse_member(member(name), board)


@pytest.mark.parametrize("name", ["sea-512", "sparse-ft-95.45"])
def test_members_that_do_not_fit_are_refused(board: Board, name: str) -> None:
    with pytest.raises(OverBudgetError) as caught:
        refuse_member(member(name), board)
    assert caught.value.verdict is not None
    assert caught.value.verdict["model"] == name


def test_an_image_that_fits_passes(board: Board) -> None:
    refuse_budget(budget_of({"flash": 1000}, board), "small", board)


def test_an_image_that_does_not_fit_names_what_is_large_and_what_would_fit(board: Board) -> None:
    budget = budget_of({"flash": (2 << 20) + 5}, board, items=(Item("conv6_weights", "flash", 147_456),))
    with pytest.raises(OverBudgetError, match="small does not fit stm32f7: flash by 5 bytes") as caught:
        refuse_budget(budget, "small", board)
    assert "conv6_weights 147,456" in caught.value.hint
    assert "sea-256" in caught.value.hint
    assert caught.value.verdict is not None
    assert caught.value.verdict["verdict"] == "over"


def test_what_is_too_large_for_two_slots_is_told_what_one_holds(board: Board) -> None:
    budget = budget_of({"flash": (1 << 20) + 5}, board, flash_layout(board, 2))
    with pytest.raises(OverBudgetError, match="flash by 5 bytes") as caught:
        refuse_budget(budget, "small", board)
    assert "With --slots one an image may have 2,063,360 bytes." in caught.value.hint
