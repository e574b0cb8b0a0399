"""The PLL settings reach the clock exactly and stay within the PLL's limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.boards.board import Family, Pll
from edgel3_deploy.boards.pll import MHZ, PLL_LIMITS, solve_pll


@pytest.mark.parametrize(
    ("family", "hse_hz", "cpu_hz", "expected"),
    [
        ("stm32f7", 25 * MHZ, 216 * MHZ, Pll(25, 432, 2)),
        ("stm32f7", 8 * MHZ, 216 * MHZ, Pll(4, 216, 2)),
        ("stm32h7", 8 * MHZ, 480 * MHZ, Pll(1, 120, 2)),
        ("stm32f7", 8 * MHZ, 217 * MHZ, None),
        ("stm32f7", 8 * MHZ, 216 * MHZ + 1, None),
        ("stm32h7", 8 * MHZ, 481 * MHZ, None),
        ("stm32f7", 100_000, 216 * MHZ, None),
        ("stm32f7", 2 * MHZ, 100 * MHZ, Pll(2, 200, 2)),
    ],
)
def test_known_settings(family: Family, hse_hz: int, cpu_hz: int, expected: Pll | None) -> None:
    assert solve_pll(family, hse_hz, cpu_hz) == expected


@given(
    family=st.sampled_from(list(PLL_LIMITS)),
    hse_mhz=st.integers(1, 50),
    cpu_mhz=st.integers(1, 500),
)
def test_every_solution_is_within_the_limits(family: Family, hse_mhz: int, cpu_mhz: int) -> None:
    pll = solve_pll(family, hse_mhz * MHZ, cpu_mhz * MHZ)
    if pll is None:
        return
    limits = PLL_LIMITS[family]
    assert hse_mhz * pll.n == cpu_mhz * pll.m * pll.p
    assert limits.reference_hz[0] <= hse_mhz * MHZ / pll.m <= limits.reference_hz[1]
    assert limits.vco_hz[0] <= hse_mhz * MHZ / pll.m * pll.n <= limits.vco_hz[1]
    assert limits.m[0] <= pll.m <= limits.m[1]
    assert limits.n[0] <= pll.n <= limits.n[1]
    assert cpu_mhz * MHZ <= limits.cpu_hz_max
