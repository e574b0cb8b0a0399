"""The plan's own arithmetic."""

from __future__ import annotations

from edgel3_deploy.plan.memory import MemoryPlan


def test_the_peak_is_the_first_layer_with_the_most_bytes() -> None:
    assert MemoryPlan((), (), (), (3, 9, 4, 9)).peak_layer == 1
