"""Figures against values worked out by hand, and their edge cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgel3_deploy.validate.metrics import Difference, differences, fidelity, saturated


def test_figures_of_a_known_error() -> None:
    reference = np.array([[3.0, 4.0], [1.0, 0.0]], np.float32)
    actual = np.array([[3.0, 4.0], [0.0, 1.0]], np.float32)
    found = fidelity(reference, actual)
    assert found.cosines.tolist() == [1.0, 0.0]
    assert (found.cosine_min, found.cosine_median) == (0.0, 0.5)
    assert found.cosine_p5 == pytest.approx(0.05)
    assert found.sqnr_db == pytest.approx(10 * math.log10(26 / 2))
    assert found.rmse == pytest.approx(math.sqrt(2 / 4))
    assert found.max_abs_error == 1.0


def test_no_error_at_all() -> None:
    values = np.array([[0.5, -2.0]], np.float32)
    found = fidelity(values, values)
    assert found.cosine_min == pytest.approx(1.0)
    assert (found.sqnr_db, found.rmse) == (math.inf, 0.0)


def test_zero_embeddings_agree_with_each_other_and_with_nothing_else() -> None:
    zero, one = np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32)
    assert fidelity(zero, zero).cosine_min == 1.0
    assert fidelity(zero, one).cosine_min == 0.0
    assert fidelity(zero, one).sqnr_db == -math.inf
    assert fidelity(one, zero).cosine_min == 0.0


embeddings = arrays.arrays(np.float32, (3, 4), elements=st.floats(-100, 100, width=32))


@given(embeddings, embeddings)
def test_cosines_stay_in_their_range_and_ignore_scale(a: np.ndarray, b: np.ndarray) -> None:
    cosines = fidelity(a, b).cosines
    assert ((cosines >= -1) & (cosines <= 1)).all()
    np.testing.assert_allclose(fidelity(a, 4 * b).cosines, cosines, atol=1e-6)


def test_differences_name_window_element_and_both_values() -> None:
    expected = np.array([[1, 2, 3], [4, 5, 6]], np.int8)
    got = np.array([[1, -128, 3], [4, 5, 7]], np.int8)
    assert differences(expected, got) == (Difference(0, 1, 2, -128), Difference(1, 2, 6, 7))
    assert differences(expected, expected) == ()


def test_a_window_saturates_at_the_ends_of_its_range_but_not_at_zero() -> None:
    outputs = np.array([[127, 0], [126, -128], [-127, 5]], np.int8)
    assert saturated(outputs, -128).tolist() == [True, False, False]
    assert saturated(outputs, 3).tolist() == [True, True, False]
