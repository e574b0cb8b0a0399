"""Sensitivity: leaving out more costs more, and the plot is a picture."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.compress.sensitivity import sensitivity, sensitivity_plot
from edgel3_deploy.models.network import FloatNetwork


@pytest.mark.parametrize("structured", [False, True])
def test_leaving_out_more_costs_more(structured: bool, teacher: FloatNetwork) -> None:
    spectrograms = np.random.default_rng(0).uniform(-80, 0, (4, 64, 50)).astype(np.float32)
    result = sensitivity(teacher, spectrograms, structured=structured, levels=(0.0, 50.0, 75.0))
    assert list(result.closeness) == [f"conv{number}" for number in range(1, 8 if structured else 9)]
    for figures in result.closeness.values():
        assert figures[0].relative_mse == 0
        assert figures[2].relative_mse > 0
    assert np.mean([figures[2].relative_mse for figures in result.closeness.values()]) > np.mean(
        [figures[1].relative_mse for figures in result.closeness.values()]
    )
    assert sensitivity_plot(result).startswith(b"\x89PNG")
