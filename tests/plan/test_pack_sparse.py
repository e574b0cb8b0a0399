"""Lists of sparse weights: where their taps lie, what they sum to, where they are cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgel3_deploy.graph.fixed_point import requantize
from edgel3_deploy.graph.ir import Conv2D, Requantize
from edgel3_deploy.plan.list_forms import LAST_FAST_SHIFT, MOST_WEIGHT
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.pack_sparse import (
    PAIRS_CODE,
    PAIRS_TURN,
    TAP_CODE,
    TAP_TURN,
    WORD_PAIR_CODE,
    WORD_PAIR_TURN,
    PackedSparse,
    SparseList,
    pack_sparse,
)
from tests.firmware.kernels.calls import random_layer


def layer(inputs: int, outputs: int, share: float = 0.0, seed: int = 0) -> Conv2D:
    """A rectified convolution with that share of its weights left, none of which is zero."""
    rng = np.random.default_rng(seed)
    conv = random_layer(rng, (6, 6, inputs), outputs)
    weights = np.where(conv.weights == 0, 1, conv.weights)
    return replace(conv, weights=np.where(rng.random(weights.shape) < share, weights, 0).astype(np.int8))


def decoded(part: SparseList) -> list[tuple[int, int]]:
    """The taps (byte offset, weight) of a single list of bytes, escapes summed up."""
    unit = 1 if part.form.startswith("bytes1") else 4
    offset, taps = 0, []
    for delta, weight in part.entries.tolist():
        offset += unit * delta
        if weight:
            taps.append((offset, weight - 256 if weight > 127 else weight))
    return taps


def taps_of(conv: Conv2D, channel: int, columns: bool) -> list[tuple[int, int]]:
    """By the definition of the scratch: word (row * inputs + input channel) * 6 + position."""
    inputs, found = conv.weights.shape[3], []
    for ky, kx, c in np.argwhere(conv.weights[channel]).tolist():
        row, position = (kx, ky) if columns else (ky, kx)
        found.append((4 * ((row * inputs + c) * 6 + position), int(conv.weights[channel, ky, kx, c])))
    return sorted(found)


@pytest.mark.parametrize("columns", [False, True])
def test_taps_lie_in_ascending_order_of_address(columns: bool) -> None:
    conv = layer(5, 3, 0.4)
    packed = pack_sparse(conv, ListSplit(taps=3), columns)
    (part,) = packed.lists
    assert (part.form, part.first, part.channels) == ("taps", 0, 3)
    expected = [tap for channel in range(3) for tap in taps_of(conv, channel, columns)]
    assert [tuple(entry) for entry in part.entries.tolist()] == expected
    lengths = [8 * len(taps_of(conv, channel, columns)) for channel in range(3)]
    assert packed.channels[:, 0].tolist() == lengths


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize(("share", "form"), [(0.15, "bytes1"), (0.005, "bytes4")])
def test_bytes_decode_to_the_same_taps(columns: bool, share: float, form: str) -> None:
    """Near taps are cheaper to reach in bytes, far ones in words; distances beyond a byte take escapes."""
    for seed in range(5):
        conv = layer(256, 1, share, seed)
        (part,) = pack_sparse(conv, ListSplit(), columns).lists
        assert part.form == form
        assert part.entries.dtype == np.uint8
        assert len(part.entries) % 2 == 0
        assert decoded(part) == taps_of(conv, 0, columns)
        if form == "bytes1":
            assert (part.entries[:, 0] % 4 == 0).all()


def test_channels_are_kept_in_order_resident_then_taps_then_bytes() -> None:
    packed = pack_sparse(layer(6, 7, 0.3), ListSplit(resident=2, taps=3), False)
    assert [(part.form, part.first, part.channels) for part in packed.lists] == [
        ("bytes1", 0, 2),
        ("taps", 2, 3),
        ("bytes1", 5, 2),
    ]
    assert len(packed.channels) == 7


def test_resident_lists_have_the_records_of_taps() -> None:
    conv = layer(6, 2, 0.3)
    resident = pack_sparse(conv, ListSplit(resident=2), False)
    taps = pack_sparse(conv, ListSplit(taps=2), False)
    assert np.array_equal(resident.channels, taps.channels)
    assert resident.lists[0].form == "bytes1"


def sums(lanes: tuple[list[int], list[int]], packed: PackedSparse) -> tuple[int, int]:
    """Twice the accumulators that the first record gives for inputs of its taps in both lanes."""
    record, (part,) = packed.channels[0].astype(np.int64).tolist(), packed.lists
    weights = part.entries[:, 1].tolist()
    value = (record[3] << 32) + (record[2] % (1 << 32))
    for weight, lane0, lane1 in zip(weights, *lanes, strict=True):
        value += ((lane0 + 128) + (lane1 << 24)) * (weight << 9)
    low, high = value % (1 << 32), (value >> 32) % (1 << 32)
    return (low >> 8) + record[4], high - (1 << 32) * (high >> 31)


@pytest.mark.parametrize("inputs", [(-128, 127), (127, -128), (-128, -128), (127, 127)])
def test_records_start_the_lanes_so_that_neither_carries(inputs: tuple[int, int]) -> None:
    """At the largest sum of |w| that a list may have, at the inputs that drive the lanes furthest."""
    conv = layer(40, 1)
    weights = np.zeros_like(conv.weights)
    weights.reshape(-1)[:128] = 127
    weights.reshape(-1)[128:257] = -128
    assert int(np.abs(weights.astype(int)).sum()) <= MOST_WEIGHT
    conv = replace(conv, weights=weights)
    packed = pack_sparse(conv, ListSplit(taps=1), False)
    signs = packed.lists[0].entries[:, 1] > 0
    high, low = inputs
    driven = np.where(signs, high, low).tolist()
    opposite = np.where(signs, low, high).tolist()
    zero_point, bias = conv.input.zero_point, int(conv.bias[0])
    direct = [
        2 * (bias + sum(w * (x - zero_point) for w, x in zip(packed.lists[0].entries[:, 1], xs, strict=True)))
        for xs in (driven, opposite)
    ]
    assert list(sums((driven, opposite), packed)) == direct


def test_a_channel_beyond_the_bound_is_split_and_no_other() -> None:
    conv = layer(40, 3, 0.2)
    conv.weights[1] = 127
    packed = pack_sparse(conv, ListSplit(taps=3), False)
    assert [(part.form, part.first) for part in packed.lists] == [
        ("taps", 0),
        ("taps_general", 1),
        ("taps", 2),
    ]
    entries = packed.lists[1].entries
    total = int(np.abs(entries[:, 1]).sum())
    assert total == 127 * 360 > MOST_WEIGHT
    # Two records a list; in the second `entry` says that more of the channel's lists follow.
    records = packed.channels[1:-1]
    assert len(records) == packed.lists[1].channels == 4
    assert records[1::2, 1].tolist() == [1, 0]
    start = 0
    for length in records[::2, 0].tolist():
        part = entries[start : start + length // 8]
        assert int(np.abs(part[:, 1]).sum()) <= MOST_WEIGHT
        start += length // 8
    assert start == len(entries)


def test_a_channel_at_the_bound_is_whole() -> None:
    conv = layer(40, 1)
    weights = conv.weights.reshape(-1)
    weights[:257] = -128
    assert MOST_WEIGHT == 257 * 128
    assert [part.form for part in pack_sparse(conv, ListSplit(), False).lists] == ["bytes1"]
    weights[257] = 1
    assert [part.form for part in pack_sparse(conv, ListSplit(), False).lists] == ["bytes1_general"]


def test_one_channel_with_another_shift_leaves_the_others_fast() -> None:
    conv = layer(4, 4, 0.5)
    shift = np.array([-1, -LAST_FAST_SHIFT, -LAST_FAST_SHIFT - 1, -5], np.int32)
    conv = replace(conv, requantize=Requantize(conv.requantize.multiplier, shift))
    forms = [part.form for part in pack_sparse(conv, ListSplit(taps=4), False).lists]
    assert forms == ["taps", "taps_general", "taps"]


@pytest.mark.parametrize(
    "changes", [{"activation_min": -100}, {"activation_max": 90}], ids=["clamped below", "clamped above"]
)
def test_a_clamp_takes_the_general_path(changes: dict[str, Any]) -> None:
    conv = replace(layer(4, 2, 0.5), **changes)
    assert [part.form for part in pack_sparse(conv, ListSplit(taps=2), False).lists] == ["taps_general"]
    assert [part.form for part in pack_sparse(conv, ListSplit(taps=2), False, reduced=True).lists] == ["taps"]


@pytest.mark.parametrize("zero_point", [-128, 5])
@pytest.mark.parametrize(("bias", "shift"), [(1_073_741_807, -24), (-900, 0), (-(1 << 31), -31), (77, -3)])
def test_a_channel_without_weights_is_fast_whatever_its_scale(zero_point: int, bias: int, shift: int) -> None:
    """sparse_run makes ((2 acc * multiplier + 2^31 + 2^(32 + e - 1)) >> 32) >> e of it, which is x + 128."""
    conv = layer(4, 1)
    output = replace(conv.output, zero_point=zero_point)
    constants = Requantize(np.array([1_518_500_250], np.int32), np.array([shift], np.int32))
    conv = replace(conv, bias=np.array([bias], np.int32), requantize=constants, output=output)
    packed = pack_sparse(conv, ListSplit(taps=1), False)
    assert packed.lists[0].form == "taps"
    assert packed.lists[0].entries.tolist() == [[0, 0]]
    *_, multiplier, right = packed.channels[0].tolist()
    expected = np.clip(int(requantize(conv.bias, constants)[0]) + zero_point, -128, 127)
    for twice in sums(([3], [-7]), packed):
        made = ((twice * multiplier + (1 << 31) + (1 << 31 + right)) >> 32) >> right
        assert made == expected + 128


@pytest.mark.parametrize("count", [1, 31, 32, 33, 128, 129])
def test_the_first_turn_of_a_loop_skips_what_the_list_lacks(count: int) -> None:
    """So that the entries run are whole turns less what is skipped."""
    conv = layer(40, 1)
    conv.weights.reshape(-1)[:count] = 1
    taps = pack_sparse(conv, ListSplit(taps=1), False).channels[0].tolist()
    assert taps[0] == 8 * count
    assert (count + taps[1] // TAP_CODE) % TAP_TURN == 0
    packed = pack_sparse(conv, ListSplit(), False)
    length, entry = packed.channels[0].tolist()[:2]
    assert length == 2 * (count + count % 2) == 2 * len(packed.lists[0].entries)
    assert packed.lists[0].form == "bytes1"
    assert (length // 4 + entry // PAIRS_CODE) % PAIRS_TURN == 0
    conv = layer(512, 1, 0.002)
    length, entry = pack_sparse(conv, ListSplit(), False).channels[0].tolist()[:2]
    assert (length // 2 + entry // WORD_PAIR_CODE) % WORD_PAIR_TURN == 0
