"""Verdicts on the family are searched for once, and again when anything that decides them has changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.models.family import FAMILY
from edgel3_deploy.plan import fitting
from edgel3_deploy.plan.remembered import family_fits


@pytest.fixture
def searches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The boards that a search was made for, by a search that finds that small members fit."""
    made: list[str] = []

    def fits(member: object, board: Board) -> bool:
        made.append(board.name)
        return member is FAMILY[0]

    monkeypatch.setattr(fitting, "member_fits", fits)
    monkeypatch.setenv("EDGEL3_DEPLOY_CACHE", str(tmp_path))
    return made


def test_the_second_time_nothing_is_searched(searches: list[str]) -> None:
    boards = [load_board("stm32f7"), load_board("stm32h7")]
    first = family_fits(boards)
    assert first[FAMILY[0].name] == ("stm32f7", "stm32h7")
    assert first[FAMILY[1].name] == ()
    assert len(searches) == 2 * len(FAMILY)
    assert family_fits(boards) == first
    assert len(searches) == 2 * len(FAMILY)


def test_another_board_is_another_question(searches: list[str]) -> None:
    board = load_board("stm32f7")
    family_fits([board])
    family_fits([replace(board, stack_size=board.stack_size * 2)])
    assert len(searches) == 2 * len(FAMILY)


@pytest.mark.parametrize(
    "content", ["", "[" * 100_000, "[]", '{"key": 1}', '{"key": "KEY", "fits": {"sea-64": ["nonsense"]}}']
)
def test_what_is_damaged_is_searched_again(content: str, searches: list[str], tmp_path: Path) -> None:
    boards = [load_board("stm32f7")]
    first = family_fits(boards)
    key = json.loads((tmp_path / "fits.json").read_text())["key"]
    (tmp_path / "fits.json").write_text(content.replace("KEY", key))
    assert family_fits(boards) == first
    assert len(searches) == 2 * len(FAMILY)


def test_a_cache_that_cannot_be_written_is_done_without(
    searches: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGEL3_DEPLOY_CACHE", str(tmp_path / "file"))
    assert family_fits([load_board("stm32f7")])[FAMILY[0].name] == ("stm32f7",)
