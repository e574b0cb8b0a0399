"""The model of the sparse kernel meets counts measured on QEMU's mps2-an500 within 2 %."""

from __future__ import annotations

import pytest

from edgel3_deploy.plan.cost_sparse import Entries, row_cycles, row_instructions

MEASURED = (
    ("pooled", 64, 64, 256, 5530, 1241642),
    ("rows", 64, 128, 128, 11059, 1208315),
    ("pooled", 128, 128, 128, 22118, 2309347),
    ("rows", 128, 256, 64, 73728, 3699700),
    ("pooled", 256, 256, 64, 29491, 1602017),
    ("rows", 256, 512, 32, 23593, 721528),
    ("global", 512, 512, 32, 47186, 1331598),
)
"""Output, input and output channels, positions, taps; instructions of a row, the mean of all."""


@pytest.mark.parametrize(("output", "inputs", "outputs", "positions", "entries", "measured"), MEASURED)
def test_meets_measured_counts(
    output: str, inputs: int, outputs: int, positions: int, entries: int, measured: int
) -> None:
    taps = Entries("taps", entries, outputs, flash=True)
    modelled = row_instructions((taps,), inputs, output, positions // 8, 2)  # type: ignore[arg-type]
    assert modelled == pytest.approx(measured, rel=0.02)


def test_lists_in_flash_take_more_cycles() -> None:
    flash, ram = (Entries("taps", 1000, 16, flash) for flash in (True, False))
    assert row_cycles((flash,), 16, "rows", 4, 2) > row_cycles((ram,), 16, "rows", 4, 2)
