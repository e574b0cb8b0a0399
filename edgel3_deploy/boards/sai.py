"""SAI1 with an I2S microphone: where it can be connected, and the PLL that makes its clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from edgel3_deploy.boards.board import AudioPll, Family
from edgel3_deploy.boards.pll import MHZ

PINS: Mapping[str, tuple[str, ...]] = {
    "clock": ("PE5",),
    "select": ("PE4",),
    "data": ("PE6", "PD6", "PC1", "PB2"),
}
"""SCK, FS and SD of block A, the same on STM32F76x and STM32H743 (alternate functions of the data sheets)."""
ALTERNATE_FUNCTION = 6
BITS_PER_FRAME = 64
CLOCK_HZ = (500_000, 3_200_000)
"""SCK that an INMP441 takes; an ICS-43434 takes less of it."""
CLOCKS_PER_SAMPLE = 256
"""The block's clock by the rate, where it divides its clock by itself."""
MAX_ERROR = 0.005


def solve_audio_pll(family: Family, hse_hz: int, rate: int, dividers: Iterable[int]) -> AudioPll | None:
    """The PLL's settings next to `rate`, of them the one with the highest reference; None if all are further
    off than MAX_ERROR.

    `dividers` are those that M may take.
    """
    found = [
        (abs(hse_hz * pll.n / pll.total / (CLOCKS_PER_SAMPLE * rate) - 1), pll.m, pll.n, pll)
        for m in dividers
        for pll in _settings(family, hse_hz, m, CLOCKS_PER_SAMPLE * rate)
    ]
    if not found:
        return None
    error, _, _, pll = min(found, key=lambda item: item[:3])
    return pll if error <= MAX_ERROR else None


def _settings(family: Family, hse_hz: int, m: int, wanted_hz: int) -> Iterator[AudioPll]:
    """For each output divider the multiplier that comes next to `wanted_hz`, within the PLL's limits."""
    reference = hse_hz / m
    vcos = [vco_hz for (low, high), vco_hz in _VCO_HZ[family] if low <= reference <= high]
    for p, divider in (_F7_OUTPUTS if family == "stm32f7" else _H7_OUTPUTS) if vcos else ():
        n = round(wanted_hz * p * divider / reference)
        if _inside(n, _FACTORS[family]) and _inside(reference * n, vcos[0]):
            yield AudioPll(m, n, p, divider)


def _inside(value: float, limits: tuple[int, int]) -> bool:
    return limits[0] <= value <= limits[1]


# RM0410 5.3.24 and 5.3.25 (RCC_PLLSAICFGR, RCC_DCKCFGR1), RM0433 8.7.15 (RCC_PLL2DIVR).
_F7_OUTPUTS = tuple((p, divider) for divider in range(1, 33) for p in range(2, 16))
_H7_OUTPUTS = tuple((p, 1) for p in range(1, 129))
_FACTORS: Mapping[Family, tuple[int, int]] = {"stm32f7": (50, 432), "stm32h7": (4, 512)}
_VCO_HZ: Mapping[Family, tuple[tuple[tuple[int, int], tuple[int, int]], ...]] = {
    "stm32f7": (((1 * MHZ, 2 * MHZ), (100 * MHZ, 432 * MHZ)),),
    # From 2 MHz on the wide VCO, as every silicon revision has it, below the medium one.
    "stm32h7": (
        ((2 * MHZ, 16 * MHZ), (192 * MHZ, 836 * MHZ)),
        ((1 * MHZ, 2 * MHZ), (150 * MHZ, 420 * MHZ)),
    ),
}
"""Ranges of reference and VCO in Hz; the first one that holds the reference is in force."""
