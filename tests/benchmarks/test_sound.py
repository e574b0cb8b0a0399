"""The sound path's counts: parts equal their twins, stay within their goal, and have committed counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.regression import load, regressions
from benchmarks.sound import SECTION, Part, figures, measure, rows

GOAL = 8_000_000


@pytest.fixture(scope="module")
def parts(arm_gcc: Path, qemu: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Part, ...]:
    return measure(tmp_path_factory.mktemp("sound"))


def test_every_part_equals_its_twin(parts: tuple[Part, ...]) -> None:
    assert len(parts) == 8
    assert all(part.exact for part in parts)


def test_the_decimator_reaches_its_goal(parts: tuple[Part, ...]) -> None:
    (decimator,) = (part for part in parts if part.name == "decimator, 48 kHz to 8 kHz")
    assert 0 < decimator.instructions <= GOAL


def test_the_whole_costs_what_its_parts_do(parts: tuple[Part, ...]) -> None:
    for first in (0, 4):
        *some, whole = (part.instructions for part in parts[first : first + 4])
        assert whole == pytest.approx(sum(some), rel=0.05)


def test_every_part_has_a_committed_count(parts: tuple[Part, ...]) -> None:
    _, committed = load()
    assert set(committed[SECTION]) == {part.name for part in parts}
    doubled = [Part(part.name, 2 * part.instructions, part.exact) for part in parts]
    assert len(regressions(figures(doubled), committed)) == len(parts)


def test_a_difference_is_told() -> None:
    assert rows([Part("a", 1234, True), Part("b", 5, False)])[1:] == [("a", "1,234", "yes"), ("b", "5", "NO")]
