"""Figures may rise by one per cent; more, or a figure that nobody committed, is a complaint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.regression import FILE, load, regressions, save
from benchmarks.variants import NATIVE
from edgel3_deploy.errors import BadInputError

COMMITTED = {"sea-64, random weights": {"native": 1_000_000, "slow": 2_000_000}}


def figures(count: int) -> dict[str, dict[str, int]]:
    return {"sea-64, random weights": {"native": count}}


@pytest.mark.parametrize("count", [500_000, 1_000_000, 1_010_000])
def test_up_to_one_per_cent_more_is_no_regression(count: int) -> None:
    assert regressions(figures(count), COMMITTED) == []


def test_more_than_one_per_cent_is_one_line_with_both_figures() -> None:
    assert regressions(figures(1_025_000), COMMITTED) == [
        "native, sea-64, random weights: 1,025,000 instructions, 2.5% above the committed 1,000,000"
    ]


def test_a_figure_without_a_committed_one_is_a_complaint() -> None:
    (line,) = regressions({"other": {"native": 7}}, COMMITTED)
    assert "no committed figure" in line


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    save("12.2.1", COMMITTED, tmp_path / "baseline.json")
    assert load(tmp_path / "baseline.json") == ("12.2.1", COMMITTED)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"compiler": "1", "instructions": {"a": {"b": 0}}}'])
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(content)
    with pytest.raises(BadInputError) as caught:
        load(path)
    assert "--update" in caught.value.hint


def test_the_committed_file_has_every_native_goal_on_weights_that_every_machine_can_make() -> None:
    committed = json.loads(FILE.read_text())["instructions"]
    for model in ("sea-64, random weights", "sparse-95.45, random weights, pruned"):
        assert {variant.name for variant in NATIVE} <= committed[model].keys()
