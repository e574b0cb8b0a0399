"""Lists of the non-zero weights of a sparse 3x3 convolution: firmware/include/edgel3_sparse.h."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.fixed_point import requantize
from edgel3_deploy.graph.ir import Conv2D, Requantize
from edgel3_deploy.plan.list_forms import constant_channels, fast_channels, list_cuts
from edgel3_deploy.plan.list_sizes import (
    BYTE_DELTA,
    PAIR_BYTES,
    TAP_BYTES,
    TILE_WORDS,
    WORD_BYTES,
    WORD_DELTA,
    ListSplit,
    list_sizes,
)
from edgel3_deploy.plan.packed import wrap

Form = Literal["taps", "bytes1", "bytes4", "taps_general", "bytes1_general", "bytes4_general"]
Int64Array = NDArray[np.int64]
TAP_CODE, TAP_TURN = 24, 128
PAIRS_CODE, PAIRS_TURN = 68, 16
WORD_PAIR_CODE, WORD_PAIR_TURN = 36, 32
"""Bytes of code for a tap, two pairs with deltas in bytes, and a pair with a delta in words; and how many of
them a turn of sparse_run_m7.S takes."""


@dataclass(frozen=True)
class SparseList:
    """Lists of consecutive output channels, from channel `first` on, with `channels` records.

    `entries`: for taps int64 (n, 2), byte offset into the tile's scratch and weight; for bytes uint8 (n, 2),
    delta and weight modulo 256. `form` is that of the entries: resident lists are stored as bytes, but their
    records are those of taps.
    """

    form: Form
    first: int
    channels: int
    entries: NDArray[np.int64] | NDArray[np.uint8]


@dataclass(frozen=True)
class PackedSparse:
    """`channels` int32 (records, 7) as edgel3_sparse_channel_t; `lists` in order of channels."""

    channels: NDArray[np.int32]
    lists: tuple[SparseList, ...]


def pack_sparse(conv: Conv2D, split: ListSplit, columns: bool, reduced: bool = False) -> PackedSparse:
    """The lists of a convolution; `columns`: for rows of the transposed map.

    `reduced`: only the maximum of each channel over the map is requantized, so any requantization is fast.
    """
    outputs = len(conv.weights)
    fast = fast_channels(conv, reduced)
    if not reduced:
        conv = _with_simple_constants(conv)
    taps = [_taps(conv, channel, columns) for channel in range(outputs)]
    parts = [np.split(channel, list_cuts(channel[:, 1])) for channel in taps]
    fast &= np.array([len(lists) == 1 for lists in parts])
    decoded = split.resident + split.taps
    byte_form: Literal["bytes1", "bytes4"] = "bytes4" if list_sizes(conv, columns).wide else "bytes1"
    records: list[list[int]] = []
    lists: list[SparseList] = []
    cuts = {0, split.resident, decoded, *(np.flatnonzero(np.diff(fast)) + 1).tolist()}
    bounds = [*sorted(cut for cut in cuts if cut < outputs), outputs]
    for first, end in pairwise(bounds):
        stored = "taps" if split.resident <= first < decoded else byte_form
        run = "taps" if first < decoded else byte_form
        made: list[list[int]] = []
        entries: list[NDArray[np.int64] | NDArray[np.uint8]] = []
        for channel in range(first, end):
            made += _records(conv, channel, parts[channel], run, bool(fast[channel]))
            entries += (
                parts[channel] if stored == "taps" else [_pairs(part, stored) for part in parts[channel]]
            )
        name = stored if fast[first] else f"{stored}_general"
        lists.append(SparseList(name, first, len(made), np.concatenate(entries)))  # type: ignore[arg-type]
        records += made
    return PackedSparse(wrap(np.array(records, np.int64)), tuple(lists))


def _with_simple_constants(conv: Conv2D) -> Conv2D:
    """The convolution with its channels without weights requantized in a way that is fast.

    Such a channel is the same value everywhere, whatever its bias and scale: pruning leaves odd ones. With
    acc = 4 u, multiplier 2^30 and shift 1 sparse_run gives u = value + 128 of any output zero point.
    """
    constant = constant_channels(conv)
    values = requantize(conv.bias, conv.requantize).astype(np.int64) + conv.output.zero_point
    positive = 128 + values.clip(conv.activation_min, conv.activation_max)
    simple = Requantize(
        np.where(constant, 1 << 30, conv.requantize.multiplier).astype(np.int32),
        np.where(constant, -1, conv.requantize.shift).astype(np.int32),
    )
    bias = np.where(constant, 4 * positive, conv.bias).astype(np.int32)
    return replace(conv, bias=bias, requantize=simple)


def _taps(conv: Conv2D, channel: int, columns: bool) -> Int64Array:
    """(n, 2): offset in the scratch [ky][input channel][6 words], weight; an empty channel has a weight 0."""
    order = (1, 2, 0) if columns else (0, 2, 1)
    weights = conv.weights[channel].transpose(order)
    places = np.flatnonzero(weights)
    if not len(places):
        places = np.zeros(1, np.int64)
    group, position = np.divmod(places, 3)
    offsets = (group * TILE_WORDS + position) * WORD_BYTES
    return np.stack([offsets, weights.reshape(-1)[places].astype(np.int64)], axis=1)


def _pairs(taps: Int64Array, form: str) -> NDArray[np.uint8]:
    """{delta, weight} of a list, an even number of pairs."""
    unit, most = (1, BYTE_DELTA) if form == "bytes1" else (WORD_BYTES, WORD_DELTA)
    deltas = np.diff(taps[:, 0], prepend=0) // unit
    escapes = np.maximum(deltas - 1, 0) // most
    ends = np.cumsum(escapes + 1) - 1
    pairs = np.zeros((int(ends[-1]) + 1, 2), np.int64)
    pairs[:, 0] = most
    pairs[ends, 0] = deltas - most * escapes
    pairs[ends, 1] = taps[:, 1] & 0xFF
    return np.pad(pairs, ((0, len(pairs) % 2), (0, 0))).astype(np.uint8)


def _records(conv: Conv2D, channel: int, parts: list[Int64Array], run: str, fast: bool) -> list[list[int]]:
    """The records of a channel: one if it is fast, else two for each of its lists."""
    bias, zero_point = int(conv.bias[channel]), conv.input.zero_point
    multiplier, shift = int(conv.requantize.multiplier[channel]), -int(conv.requantize.shift[channel])
    records = []
    for index, part in enumerate(parts):
        weights = part[:, 1]
        total, lowest = int(weights.sum()), 255 * int(-weights[weights < 0].sum())
        lane1 = (bias if index == 0 else 0) - zero_point * total
        lane0 = lane1 - 128 * total - lowest
        start = lane1 if fast else 0
        size, entry = _length(part, run)
        taps, plain = [lowest << 9, 2 * start], [lowest + (start << 24), start >> 8]
        words = taps if run == "taps" else plain
        if fast:
            return [[size, entry, *words, 2 * lane0, multiplier, shift]]
        more = int(index + 1 < len(parts))
        records += [[size, entry, *words, 0, 0, 0], [0, more, lane0, lane1, 0, multiplier, shift]]
    return records


def _length(part: Int64Array, run: str) -> tuple[int, int]:
    """Bytes of a list and what the first turn of its loop skips."""
    if run == "taps":
        return TAP_BYTES * len(part), -len(part) % TAP_TURN * TAP_CODE
    count = len(_pairs(part, run))
    if run == "bytes1":
        return PAIR_BYTES * count, -(count // 2) % PAIRS_TURN * PAIRS_CODE
    return PAIR_BYTES * count, -count % WORD_PAIR_TURN * WORD_PAIR_CODE
