"""List sizes counted one entry after the other give what the planner counts at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.list_sizes import (
    BYTE_DELTA,
    CHANNEL_BYTES,
    WORD_DELTA,
    ListSplit,
    least_constants,
    list_sizes,
)
from edgel3_deploy.plan.pack_sparse import pack_sparse
from edgel3_deploy.plan.skeleton import sparser
from tests.graph.models import ModelBuilder


def sparse_conv(channels: int, outputs: int, percent: float) -> Conv2D:
    """A 3x3 convolution with so many percent of zeros."""
    network = sparser(read_network(ModelBuilder((6, 6, channels)).conv2d(outputs).build()), percent)
    layer = network.layers[0]
    assert isinstance(layer, Conv2D)
    return layer


def counted(conv: Conv2D, columns: bool, limit: int) -> list[int]:
    """Pairs of each output channel, escapes included, with deltas of at most `limit` words."""
    pairs = []
    for kernel in conv.weights:
        taps = kernel.transpose(1, 0, 2) if columns else kernel
        count = word = 0
        for row, position, channel in sorted(
            zip(*np.nonzero(taps), strict=True), key=lambda t: (t[0], t[2], t[1])
        ):
            at = int((row * kernel.shape[2] + channel) * 6 + position)
            while at - word > limit:
                word += limit
                count += 1
            word, count = at, count + 1
        pairs.append(-(-max(count, 1) // 2) * 2)
    return pairs


@given(st.integers(2, 150), st.integers(1, 5), st.sampled_from([0, 60, 95, 99.5]), st.booleans())
def test_pairs_and_escapes_are_those_of_a_walk_along_the_list(
    channels: int, outputs: int, percent: float, columns: bool
) -> None:
    conv = sparse_conv(channels, outputs, percent)
    sizes = list_sizes(conv, columns)
    limit = WORD_DELTA if sizes.wide else BYTE_DELTA // 4
    assert np.diff(sizes.pairs).tolist() == counted(conv, columns, limit)
    nonzeros = np.count_nonzero(conv.weights, axis=(1, 2, 3))
    assert np.diff(sizes.nonzeros).tolist() == nonzeros.tolist()
    assert np.diff(sizes.taps).tolist() == np.maximum(nonzeros, 1).tolist()


def test_a_split_divides_the_entries() -> None:
    sizes = list_sizes(sparse_conv(64, 8, 90), columns=False)
    nothing, everything = ListSplit(), ListSplit(0, 8)
    some = ListSplit(3, 2)
    assert sizes.byte_entries(nothing) == sizes.pairs[-1]
    assert sizes.byte_entries(everything) == 0
    assert sizes.tap_entries(some) == sizes.taps[5]
    assert sizes.resident_bytes(some) == 8 * sizes.taps[3]
    assert sizes.flash_bytes(everything) == 8 * sizes.taps[-1] + CHANNEL_BYTES * sizes.records[-1]
    # What is resident is stored in bytes.
    assert sizes.flash_bytes(ListSplit(8, 0)) == sizes.flash_bytes(nothing)


def test_far_taps_are_counted_in_words() -> None:
    assert not list_sizes(sparse_conv(64, 8, 80), columns=True).wide
    assert list_sizes(sparse_conv(512, 8, 98), columns=True).wide


def test_the_smallest_form_is_int8_until_half_of_the_weights_are_zeros() -> None:
    dense, sparse = sparse_conv(64, 8, 0), sparse_conv(64, 8, 90)
    assert least_constants(dense) == dense.constant_bytes
    assert least_constants(sparse) < sparse.constant_bytes / 4


def heavy_conv(seed: int, rectified: bool) -> Conv2D:
    """Some channels are beyond the bound of a list, by up to four lists; one has no weights."""
    random = np.random.default_rng(seed)
    builder = ModelBuilder((6, 6, 100), zero_point=-128)
    builder.conv2d(6, activation="RELU" if rectified else "NONE", output=(0.1, -128 if rectified else 3))
    layer = read_network(builder.build()).layers[0]
    assert isinstance(layer, Conv2D)
    largest = np.array([127, 127, 100, 90, 20, 0]).reshape(6, 1, 1, 1)
    weights = np.where(random.random(layer.weights.shape) < 0.9, largest, 0).astype(np.int8)
    return replace(layer, weights=random.permutation(weights) * random.choice([-1, 1], weights.shape))


@given(st.integers(0, 99), st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=20)
def test_records_and_entries_are_those_that_are_packed(
    seed: int, rectified: bool, columns: bool, reduced: bool
) -> None:
    conv = heavy_conv(seed, rectified)
    sizes = list_sizes(conv, columns, reduced)
    packed = pack_sparse(conv, ListSplit(), columns, reduced)
    assert len(packed.channels) == sizes.records[-1]
    assert sum(len(part.entries) for part in packed.lists) == sizes.pairs[-1]
    assert sizes.general[-1] > 6 - 2
    general = [part for part in packed.lists if part.form.endswith("general")]
    assert sum(part.channels for part in general) == 2 * sizes.general[-1]
    taps = pack_sparse(conv, ListSplit(taps=6), columns, reduced)
    assert sum(len(part.entries) for part in taps.lists) == sizes.taps[-1]
