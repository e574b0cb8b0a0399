"""Pooling from the geometric mean to the maximum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgel3_deploy.head.pool import MAXIMUM, MEAN, POOLINGS, pool

WINDOWS = np.random.default_rng(0).random((12, 3)).astype(np.float32)
COUNTS = np.array([1, 8, 3])
PARTS = np.split(WINDOWS, [1, 9])


def test_means_and_maximum_are_numpys() -> None:
    assert np.allclose(pool(WINDOWS, COUNTS, MEAN), [part.mean(axis=0) for part in PARTS])
    assert np.array_equal(pool(WINDOWS, COUNTS, MAXIMUM), np.stack([part.max(axis=0) for part in PARTS]))
    roots = [part.prod(axis=0) ** (1 / len(part)) for part in PARTS]
    assert np.allclose(pool(WINDOWS, COUNTS, "geometric"), roots, atol=1e-5)


@pytest.mark.parametrize(("low", "high"), list(itertools.pairwise(POOLINGS)))
def test_each_is_larger_than_the_one_before(low: str, high: str) -> None:
    assert (pool(WINDOWS, COUNTS, low) <= pool(WINDOWS, COUNTS, high) + 1e-6).all()


def test_a_probability_of_zero_does_not_decide_alone() -> None:
    zero_once = np.array([[0.0], [0.9]], np.float32)
    assert pool(zero_once, np.array([2]), "geometric")[0, 0] > 0.03
