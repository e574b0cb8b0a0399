"""Cosine and SQNR on vectors whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.quantize.fidelity import Fidelity, measure


def rows(*values: list[float]) -> np.ndarray:
    return np.array(values, np.float32)


def test_known_values() -> None:
    fidelity = measure(rows([1, 0], [3, 4], [2, 0]), rows([1, 1], [3, 4], [2, 0]))
    assert fidelity.cosine_min == pytest.approx(np.sqrt(0.5))
    assert fidelity.cosine_median == pytest.approx(1)
    assert fidelity.sqnr_db == pytest.approx(10 * np.log10(30))
    assert Fidelity(**fidelity.to_json()) == fidelity


def test_equal_embeddings_are_as_good_as_it_gets() -> None:
    fidelity = measure(rows([1, 2]), rows([1, 2]))
    assert (fidelity.cosine_min, fidelity.cosine_median) == pytest.approx((1, 1))
    assert fidelity.sqnr_db == 120


def test_zero_vectors_stay_numbers() -> None:
    assert measure(rows([0, 0]), rows([0, 0])) == Fidelity(1, 1, 120)
    assert measure(rows([0, 0]), rows([0, 1])) == Fidelity(0, 0, -120)
    assert measure(rows([0, 1]), rows([0, 0])) == Fidelity(0, 0, 0)
