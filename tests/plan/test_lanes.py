"""The lane layout: every position has a byte of its own, and pooling keeps to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.plan.lanes import Lanes, distances

WIDTHS = st.integers(1, 300)
DISTANCES = st.integers(1, 40).map(lambda grains: 4 * grains)


@given(WIDTHS, DISTANCES)
def test_positions_have_bytes_of_their_own_inside_the_stride(width: int, distance: int) -> None:
    lanes = Lanes(width, 3, distance)
    offsets = [lanes.offset(position) for position in range(width)]
    assert len(set(offsets)) == width
    assert 0 <= min(offsets) <= max(offsets) < lanes.stride
    assert lanes.stride % 8 == 0
    assert lanes.row_bytes == 3 * lanes.stride


@given(WIDTHS, st.integers(1, 20).map(lambda grains: 8 * grains))
def test_a_pooled_tile_is_one_word(width: int, distance: int) -> None:
    lanes = Lanes(width, 1, distance)
    for position in range(width // 2 * 2):
        tile = lanes.offset(position) // 8
        assert lanes.pooled.offset(position // 2) // 4 == tile


def test_a_word_holds_two_positions_of_each_lane() -> None:
    lanes = Lanes(32, 1, 16)
    assert [lanes.offset(position) for position in (16, 0, 17, 1)] == [0, 1, 2, 3]
    assert [lanes.offset(position) for position in (18, 2, 19, 3)] == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("width", "distance", "stride", "tiles"),
    [(256, 128, 256, 32), (199, 96, 208, 26), (99, 48, 104, 13), (49, 24, 56, 7), (24, 12, 24, 3)],
)
def test_strides_of_l3(width: int, distance: int, stride: int, tiles: int) -> None:
    lanes = Lanes(width, 64, distance)
    assert (lanes.stride, lanes.tiles()) == (stride, tiles)


def test_tiles_without_a_position_that_counts_are_left_out() -> None:
    lanes = Lanes(49, 1, 24)
    assert lanes.tiles(0, 48) == 6
    assert lanes.tiles(48, 49) == 1
    assert lanes.tiles(5, 5) == 0


def test_the_ends_of_supergroups_are_edges() -> None:
    assert Lanes(256, 1, 128).edges(0, 256) == 2
    assert Lanes(256, 1, 32).edges(0, 256) == 8
    assert Lanes(24, 1, 4).edges(0, 24) == 3


def test_tiles_are_cut_where_a_position_does_not_count() -> None:
    lanes = Lanes(15, 1, 8)  # tiles of 0-3 and 8-11, of 4-7 and 12-15
    assert lanes.cut(0, 15) == 1
    assert lanes.cut(4, 15) == 2
    assert Lanes(16, 1, 8).cut(0, 16) == 0


@given(WIDTHS, st.integers(0, 4))
def test_distances_stay_whole_lanes_of_a_tile_after_every_pooling(width: int, poolings: int) -> None:
    found = list(distances(width, poolings))
    assert found
    assert all(distance >> poolings >= 4 and (distance >> poolings) % 4 == 0 for distance in found)
    assert found[-1] >= width // 2
