"""Refusals carry their figures, name the excess, and say what would fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards import Board
from edgel3_deploy.compress.pruning import PLANS, prune_weights
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.models.family import member
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.pipeline.verdict import refuse_budget, refuse_float, refuse_member
from edgel3_deploy.toolchain.budget import Item, budget_of
from tests.models.synthetic_weights import random_weights


@pytest.mark.parametrize("name", ["sea-64", "sea-128", "sea-256"])
def test_members_that_fit_pass(board: Board, name: str) -> None:
    refuse_member(member(name), board)


@pytest.mark.parametrize("name", ["sea-512", "sparse-ft-53.5"])
def test_members_that_do_not_fit_are_refused(board: Board, name: str) -> None:
    with pytest.raises(OverBudgetError) as caught:
        refuse_member(member(name), board)
    assert caught.value.verdict is not None
    assert caught.value.verdict["model"] == name


def random_network(tmp_path: Path, filters: tuple[int, ...]) -> FloatNetwork:
    return read_weights(random_weights(tmp_path / "mine.h5", filters, "l3"))


def test_a_float_network_is_judged_by_the_zeros_it_has(board: Board, tmp_path: Path) -> None:
    dense = random_network(tmp_path, (32, 64, 128, 512))
    with pytest.raises(OverBudgetError, match="mine does not fit stm32f7") as caught:
        refuse_float(dense, board)
    assert "% zeros in each 3x3 convolution (see prune)" in caught.value.hint
    refuse_float(prune_weights(dense, PLANS["95.45"]).network, board)


def test_an_image_that_fits_passes(board: Board) -> None:
    refuse_budget(budget_of({"flash": 1000}, board), "small", board)


def test_an_image_that_does_not_fit_names_what_is_large_and_what_would_fit(board: Board) -> None:
    budget = budget_of({"flash": (1984 << 10) + 5}, board, items=(Item("conv6_weights", "flash", 147_456),))
    with pytest.raises(OverBudgetError, match="small does not fit stm32f7: flash by 5 bytes") as caught:
        refuse_budget(budget, "small", board)
    assert "conv6_weights 147,456" in caught.value.hint
    assert "sea-256" in caught.value.hint
    assert caught.value.verdict is not None
    assert caught.value.verdict["verdict"] == "over"


def test_what_is_too_large_for_two_slots_is_told_what_one_holds(board: Board) -> None:
    budget = budget_of({"flash": (960 << 10) + 5}, board, flash_layout(board, 2))
    with pytest.raises(OverBudgetError, match="flash by 5 bytes") as caught:
        refuse_budget(budget, "small", board)
    assert "With --slots one an image may have 1,997,824 bytes." in caught.value.hint
