"""The sound path's counts: parts equal their twins, stay within their goal, and have committed counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.regression import load, regressions
from benchmarks.sound import SECTION, Part, figures, measure, rows

GOALS = {"decimator, 48 kHz to 8 kHz": 8_000_000, "compensation, 48 kHz": 3_000_000}


@pytest.fixture(scope="module")
def parts(arm_gcc: Path, qemu: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Part, ...]:
    return measure(tmp_path_factory.mktemp("sound"))


def test_every_part_equals_its_twin(parts: tuple[Part, ...]) -> None:
    assert len(parts) == 9
    assert all(part.exact for part in parts)


@pytest.mark.parametrize("name", GOALS)
def test_parts_reach_their_goals(parts: tuple[Part, ...], name: str) -> None:
    (part,) = (part for part in parts if part.name == name)
    assert 0 < part.instructions <= GOALS[name]


def test_the_whole_costs_what_its_parts_do(parts: tuple[Part, ...]) -> None:
    """Without the compensation, which only some microphones need."""
    for first in (0, 5):
        *some, whole = (part.instructions for part in parts[first : first + 4])
        assert whole == pytest.approx(sum(some), rel=0.05)


def test_every_part_has_a_committed_count(parts: tuple[Part, ...]) -> None:
    _, committed = load()
    assert set(committed[SECTION]) == {part.name for part in parts}
    doubled = [Part(part.name, 2 * part.instructions, part.exact) for part in parts]
    assert len(regressions(figures(doubled), committed)) == len(parts)


def test_a_difference_is_told() -> None:
    assert rows([Part("a", 1234, True), Part("b", 5, False)])[1:] == [("a", "1,234", "yes"), ("b", "5", "NO")]
