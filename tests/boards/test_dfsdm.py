"""The DFSDM's dividers reach the rate with a clock that PDM microphones take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.boards.board import Dfsdm
from edgel3_deploy.boards.dfsdm import CLOCK_HZ, MAX_ERROR, ORDER, solve_dfsdm


def test_108_mhz_make_48_khz_exactly_from_the_typical_clock() -> None:
    assert solve_dfsdm(108_000_000, 48_000) == Dfsdm(divider=45, oversampling=50)


@pytest.mark.parametrize(("bus_hz", "rate"), [(108_000_000, 8_000), (1_000_000, 48_000)])
def test_what_no_divider_reaches_has_none(bus_hz: int, rate: int) -> None:
    """At 8 kHz the sums outgrow the filter's 24 bits, or the clock is too slow."""
    assert solve_dfsdm(bus_hz, rate) is None


@given(st.integers(1_000_000, 216_000_000), st.integers(8_000, 96_000))
def test_what_is_found_keeps_all_limits(bus_hz: int, rate: int) -> None:
    found = solve_dfsdm(bus_hz, rate)
    if found is None:
        return
    clock = bus_hz / found.divider
    assert CLOCK_HZ[0] <= clock <= CLOCK_HZ[1]
    assert abs(clock / found.oversampling / rate - 1) <= MAX_ERROR
    assert found.oversampling**ORDER < 2**23
    assert found.divider <= 256
