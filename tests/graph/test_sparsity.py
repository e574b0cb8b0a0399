"""Sparse tensors: any order of levels, blocks, and index vectors; and how damaged ones are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.graph.sparsity import Level, Sparsity, densify


def csr_level(segments: list[int], indices: list[int]) -> Level:
    return Level(0, np.array(segments, np.int32), np.array(indices, np.int32))


# [[0 7 0], [0 0 0], [5 0 6]] by rows
ROWS = Sparsity((0, 1), (), (Level(3), csr_level([0, 1, 1, 3], [1, 0, 2])))
VALUES = np.array([7, 5, 6], np.uint8)


def test_a_csr_level_lists_what_is_stored_of_each_row() -> None:
    dense = densify(VALUES, (3, 3), ROWS, item_size=1)
    assert dense.reshape(3, 3).tolist() == [[0, 7, 0], [0, 0, 0], [5, 0, 6]]


def test_another_traversal_order_transposes() -> None:
    dense = densify(VALUES, (3, 3), replace(ROWS, traversal=(1, 0)), item_size=1)
    assert dense.reshape(3, 3).T.tolist() == [[0, 7, 0], [0, 0, 0], [5, 0, 6]]


def test_blocks_are_the_innermost_levels() -> None:
    blocks = (Level(2), csr_level([0, 1, 2], [1, 0]), Level(2))
    dense = densify(np.array([1, 2, 3, 4], np.uint8), (2, 4), Sparsity((0, 1, 2), (1,), blocks), item_size=1)
    assert dense.reshape(2, 4).tolist() == [[0, 0, 1, 2], [3, 4, 0, 0]]


def test_elements_may_be_several_bytes_wide() -> None:
    values = np.array([-7, 50_000, 6], np.int32)
    dense = densify(values.view(np.uint8), (3, 3), ROWS, item_size=4)
    assert dense.view(np.int32).reshape(3, 3).tolist() == [[0, -7, 0], [0, 0, 0], [50_000, 0, 6]]


def csr(segments: list[int], indices: list[int]) -> Sparsity:
    return replace(ROWS, levels=(Level(3), csr_level(segments, indices)))


@pytest.mark.parametrize(
    ("sparsity", "complaint"),
    [
        (replace(ROWS, traversal=(0, 0)), "traversal order"),
        (replace(ROWS, traversal=(0, 1, 2)), "traversal order"),
        (replace(ROWS, levels=ROWS.levels[:1]), "1 levels"),
        (replace(ROWS, levels=(Level(4), ROWS.levels[1])), "dense level of 4"),
        (Sparsity((0, 1, 2), (5,), (*ROWS.levels, Level(3))), "block map"),
        (Sparsity((0, 1, 2), (1,), (*ROWS.levels, Level(2))), "blocks of 2"),
        (Sparsity((0, 1, 2), (1,), (*ROWS.levels, Level(0))), "blocks of 0"),
        (csr([0, 1, 3], [1, 0, 2]), "do not span"),
        (csr([0, 1, 1, 4], [1, 0, 2]), "do not span"),
        (csr([1, 1, 1, 3], [1, 0, 2]), "do not span"),
        (csr([0, 2, 1, 3], [1, 0, 2]), "outside"),
        (csr([0, 1, 1, 3], [1, 0, 3]), "outside"),
        (csr([0, 1, 1, 3], [1, -1, 2]), "outside"),
        (csr([0, 1, 1, 3], [1, 2, 2]), "do not rise"),
        (csr([0, 1, 1, 2], [1, 0]), "3 bytes of values for 2 places"),
    ],
)
def test_contradictions_are_refused(sparsity: Sparsity, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        densify(VALUES, (3, 3), sparsity, item_size=1)


@pytest.mark.parametrize("shape", [(1 << 31, 1 << 31), (0, 3), (-1, 3), ()])
def test_no_shape_makes_it_take_much_memory(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        densify(VALUES, shape, ROWS, item_size=1)


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=5))
def test_every_matrix_comes_back(rows: list[list[int]]) -> None:
    dense = np.array(rows, np.uint8)
    segments = np.concatenate([[0], np.count_nonzero(dense, axis=1).cumsum()]).astype(np.int32)
    levels = (Level(len(rows)), Level(0, segments, dense.nonzero()[1].astype(np.int32)))
    assert (
        densify(dense[dense != 0], dense.shape, Sparsity((0, 1), (), levels), 1).tolist()
        == dense.ravel().tolist()
    )
