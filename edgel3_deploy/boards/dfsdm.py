"""Dividers of the DFSDM that turn a bus clock into a PDM microphone's clock, and that into a sample rate."""

from __future__ import annotations

from edgel3_deploy.boards.board import Dfsdm

CLOCK_HZ = (1_000_000, 3_250_000)
"""What PDM microphones such as the MP34DT01 take."""
TYPICAL_HZ = 2_400_000
MAX_ERROR = 0.005
ORDER = 4
"""Of the sinc filter: firmware/drivers/microphone_dfsdm.c."""
_DIVIDERS = range(2, 257)
_MAX_SUM = 1 << 23
"""What the filter's 24 bits hold, oversampling^ORDER at full scale."""


def solve_dfsdm(bus_hz: int, rate: int) -> Dfsdm | None:
    """The dividers next to `rate`, then with a clock next to TYPICAL_HZ; None if all are further off than
    MAX_ERROR.
    """
    low, high = CLOCK_HZ
    found: list[tuple[float, float, Dfsdm]] = []
    for divider in _DIVIDERS:
        clock_hz = bus_hz / divider
        oversampling = round(clock_hz / rate)
        if not low <= clock_hz <= high or oversampling < 1 or oversampling**ORDER >= _MAX_SUM:
            continue
        error = abs(clock_hz / oversampling / rate - 1)
        if error <= MAX_ERROR:
            found.append((error, abs(clock_hz - TYPICAL_HZ), Dfsdm(divider, oversampling)))
    return min(found, key=lambda item: item[:2])[2] if found else None
