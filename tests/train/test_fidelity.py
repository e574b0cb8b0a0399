"""Closeness: perfect for equal embeddings, none for the mean, and its order follows the error."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.train.fidelity import closeness


@pytest.fixture
def targets() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 1, (50, 8)).astype(np.float32)


def test_equal_embeddings_are_perfect(targets: np.ndarray) -> None:
    figures = closeness(targets, targets)
    assert figures.windows == 50
    assert (figures.r2, figures.relative_mse) == (1, 0)
    assert figures.cosine_min == pytest.approx(1)


def test_the_mean_explains_nothing(targets: np.ndarray) -> None:
    figures = closeness(np.broadcast_to(targets.mean(axis=0), targets.shape), targets)
    assert figures.r2 == pytest.approx(0, abs=1e-5)
    assert figures.relative_mse == pytest.approx(1, abs=1e-5)


def test_dimensions_that_never_vary_do_not_count(targets: np.ndarray) -> None:
    constant = np.concatenate([targets, np.zeros((50, 1), np.float32)], axis=1)
    assert closeness(constant + np.float32(1e-3), constant).r2 > 0.99
