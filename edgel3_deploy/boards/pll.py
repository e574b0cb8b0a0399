"""PLL settings that turn a crystal into the CPU clock, within the limits of each family's PLL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgel3_deploy.boards.board import Family, Pll

MHZ = 1_000_000


@dataclass(frozen=True)
class PllLimits:
    """Ranges in Hz and register ranges, all inclusive.

    `p` lists the output dividers; `crystal_hz` and `input_hz` say what may stand at the HSE pins.
    """

    m: tuple[int, int]
    n: tuple[int, int]
    p: tuple[int, ...]
    reference_hz: tuple[int, int]
    vco_hz: tuple[int, int]
    cpu_hz_max: int
    crystal_hz: tuple[int, int]
    input_hz: tuple[int, int]


PLL_LIMITS: dict[Family, PllLimits] = {
    # RM0410 5.3.2 (RCC_PLLCFGR: M from 2) and the STM32F767 data sheet's characteristics of main PLL and HSE.
    "stm32f7": PllLimits(
        m=(2, 63),
        n=(50, 432),
        p=(2, 4, 6, 8),
        reference_hz=(1 * MHZ, 2 * MHZ),
        vco_hz=(100 * MHZ, 432 * MHZ),
        cpu_hz_max=216 * MHZ,
        crystal_hz=(4 * MHZ, 26 * MHZ),
        input_hz=(1 * MHZ, 50 * MHZ),
    ),
    # RM0433 8.7.11 and 8.7.13 (RCC_PLLCKSELR, RCC_PLL1DIVR) and the STM32H743 data sheet's characteristics of
    # the HSE; the wide VCO of revision V reaches 960 MHz.
    "stm32h7": PllLimits(
        m=(1, 63),
        n=(4, 512),
        p=(2, 4, 6, 8),
        reference_hz=(2 * MHZ, 16 * MHZ),
        vco_hz=(192 * MHZ, 960 * MHZ),
        cpu_hz_max=480 * MHZ,
        crystal_hz=(4 * MHZ, 48 * MHZ),
        input_hz=(4 * MHZ, 50 * MHZ),
    ),
}


def solve_pll(family: Family, hse_hz: int, cpu_hz: int) -> Pll | None:
    """The settings that reach `cpu_hz` exactly, highest reference first (least jitter); None without any."""
    return next(pll_settings(family, hse_hz, cpu_hz), None)


def pll_settings(family: Family, hse_hz: int, cpu_hz: int) -> Iterator[Pll]:
    """All settings that reach `cpu_hz` exactly, highest reference first."""
    limits = PLL_LIMITS[family]
    if cpu_hz > limits.cpu_hz_max:
        return
    for m in range(limits.m[0], limits.m[1] + 1):
        if not limits.reference_hz[0] * m <= hse_hz <= limits.reference_hz[1] * m:
            continue
        for p in limits.p:
            vco_hz = cpu_hz * p
            n, remainder = divmod(vco_hz * m, hse_hz)
            in_range = limits.n[0] <= n <= limits.n[1] and limits.vco_hz[0] <= vco_hz <= limits.vco_hz[1]
            if remainder == 0 and in_range:
                yield Pll(m, n, p)
