"""Dense networks in 48 KB of RAM: arena, stack, input, output and the firmware's own data."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measure import measure
from benchmarks.models import random_model
from benchmarks.variants import Variant

LIMIT = 48 << 10


@pytest.mark.parametrize(
    ("name", "goal", "limit"), [("sea-64", "balanced", LIMIT), ("sea-128", "size", None)]
)
def test_a_dense_network_runs_bit_exact_in_48_kb(
    arm_gcc: Path, qemu: Path, tmp_path: Path, name: str, goal: str, limit: int | None
) -> None:
    variant = Variant("native", "native", goal, limit)
    found = measure(random_model(name, tmp_path), variant, tmp_path)
    assert found.exact
    assert found.ram <= LIMIT
