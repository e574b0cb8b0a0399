"""The picture of what fits: drawn for any rows, with the line of those that nothing beats."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.compress.explore import Variant
from edgel3_deploy.compress.explore_plot import explore_plot, pareto
from edgel3_deploy.quantize.fidelity import Fidelity

F7 = load_board("stm32f7")


def a_variant(name: str, optimize: str, instructions: int, flash: int, sqnr_db: float | None) -> Variant:
    fidelity = None if sqnr_db is None else Fidelity(0.99, 0.999, sqnr_db)
    return Variant(name, optimize, 64, 200_000, 0.0, flash, 150_000, "fits", instructions, fidelity)


def test_the_line_leads_along_what_nothing_beats() -> None:
    points = [(3.0, 1.0), (1.0, 3.0), (2.0, 3.0), (2.0, 2.0), (4.0, 1.0), (1.0, 3.0)]
    assert pareto(points) == [1, 3, 0]


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), max_size=20))
def test_every_point_is_on_the_line_or_beaten_by_one_that_is(points: list[tuple[float, float]]) -> None:
    best = pareto(points)
    for index, (x, y) in enumerate(points):
        assert index in best or any(points[i][0] <= x and points[i][1] <= y for i in best)
    line = [points[index] for index in best]
    assert line == sorted(line)
    assert all(a[1] > b[1] for a, b in itertools.pairwise(line))


def test_rows_are_drawn() -> None:
    rows = [
        a_variant("small", "speed", 10_000_000, 400_000, 30.0),
        a_variant("small", "size", 20_000_000, 300_000, 30.0),
        a_variant("large", "balanced", 40_000_000, 900_000, None),
    ]
    picture = explore_plot(rows, F7)
    assert picture.startswith(b"\x89PNG")
    assert picture == explore_plot(rows, F7)
    assert picture != explore_plot(rows[:2], F7)


def test_nothing_that_fits_makes_an_empty_plot() -> None:
    assert explore_plot([], F7).startswith(b"\x89PNG")
