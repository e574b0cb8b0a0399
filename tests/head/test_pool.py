"""Auto-pool between the mean and the maximum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgel3_deploy.head.pool import MAXIMUM, MEAN, SHARPNESSES, pool

WINDOWS = np.random.default_rng(0).random((12, 3)).astype(np.float32)
COUNTS = np.array([1, 8, 3])


def test_ends_are_mean_and_maximum() -> None:
    parts = np.split(WINDOWS, [1, 9])
    assert np.allclose(pool(WINDOWS, COUNTS, MEAN), [part.mean(axis=0) for part in parts])
    assert np.array_equal(pool(WINDOWS, COUNTS, MAXIMUM), np.stack([part.max(axis=0) for part in parts]))


@pytest.mark.parametrize(("low", "high"), list(itertools.pairwise(SHARPNESSES)))
def test_sharper_is_larger(low: float, high: float) -> None:
    assert (pool(WINDOWS, COUNTS, low) <= pool(WINDOWS, COUNTS, high) + 1e-6).all()
