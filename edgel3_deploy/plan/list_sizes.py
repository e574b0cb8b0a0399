"""How long the lists of a sparse convolution are, per output channel, before anything is packed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D, Layer
from edgel3_deploy.plan.list_forms import MOST_WEIGHT, fast_channels, list_cuts

TAP_BYTES = 8
PAIR_BYTES = 2
CHANNEL_BYTES = 28
"""sizeof an edgel3_tap_t, of a pair {delta, weight}, of an edgel3_sparse_channel_t."""
WORD_BYTES = 4
TILE_WORDS = 6
BYTE_DELTA = 252
WORD_DELTA = 255


@dataclass(frozen=True)
class ListSplit:
    """Output channels in network order: `resident` of them as taps in RAM, then `taps` in flash, then bytes.

    Resident channels are stored as bytes too, from which they are decoded at start.
    """

    resident: int = 0
    taps: int = 0


@dataclass(frozen=True)
class ListSizes:
    """Running totals over the output channels: entry n is that of the first n channels, so out + 1 entries.

    `taps` counts entries in tap form (an empty channel has one of weight 0); `pairs` those in byte form,
    escapes included, an even number a list. `general` counts the lists of channels that C finishes, each with
    two records; any other channel has one list and one record. `wide`: byte lists count their deltas in
    words, else in bytes, whichever is faster.
    """

    nonzeros: tuple[int, ...]
    taps: tuple[int, ...]
    pairs: tuple[int, ...]
    general: tuple[int, ...]
    records: tuple[int, ...]
    wide: bool

    @property
    def channels(self) -> int:
        return len(self.taps) - 1

    @property
    def general_channels(self) -> int:
        """Output channels that C finishes."""
        return self.channels - (self.records[-1] - 2 * self.general[-1])

    def tap_entries(self, split: ListSplit) -> int:
        """Taps that a tile meets: those of resident channels and of taps in flash."""
        return self.taps[split.resident + split.taps]

    def byte_entries(self, split: ListSplit) -> int:
        """Pairs that a tile meets."""
        return self.pairs[-1] - self.pairs[split.resident + split.taps]

    def resident_bytes(self, split: ListSplit) -> int:
        """RAM that decoded lists take."""
        return TAP_BYTES * self.taps[split.resident]

    def flash_bytes(self, split: ListSplit) -> int:
        """Lists and per-channel constants in flash."""
        decoded = split.resident + split.taps
        taps = self.taps[decoded] - self.taps[split.resident]
        pairs = self.pairs[split.resident] + self.pairs[-1] - self.pairs[decoded]
        return TAP_BYTES * taps + PAIR_BYTES * pairs + CHANNEL_BYTES * self.records[-1]


def least_constants(layer: Layer, percent: float | None = None) -> int:
    """Bytes of the smallest form of a layer's weights: int8, or lists of pairs if a 3x3 convolution has many
    zeros.

    With `percent` as if so many percent of its weights were zeros, where it has more than one input channel.
    """
    if not isinstance(layer, Conv2D) or layer.weights.shape[1:3] != (3, 3):
        return layer.constant_bytes
    if percent is None or layer.weights.shape[3] == 1:
        nonzeros = int(np.count_nonzero(layer.weights))
    else:
        nonzeros = layer.weights.size - round(layer.weights.size * percent / 100)
    return min(layer.constant_bytes, PAIR_BYTES * nonzeros + CHANNEL_BYTES * len(layer.weights))


@lru_cache(maxsize=32)
def list_sizes(conv: Conv2D, columns: bool, reduced: bool = False) -> ListSizes:
    """The sizes of a 3x3 convolution's lists; `columns`: its rows are those of the transposed map.

    `reduced`: only the maximum of each channel over the map is requantized.
    """
    outputs, size = len(conv.weights), conv.weights[0].size
    # (out, row, channel, position): the order of a tile's scratch.
    weights = conv.weights.transpose((0, 2, 3, 1) if columns else (0, 1, 3, 2)).reshape(outputs, size)
    kept = weights != 0
    count = np.count_nonzero(kept, axis=1)
    taps = np.flatnonzero(kept)
    begins, channel = _lists(weights, count)
    place = taps - np.repeat(np.arange(outputs) * size, count)
    word = place + place // 3 * (TILE_WORDS - 3)
    delta = np.diff(word, prepend=0)
    delta[begins] = word[begins]
    length = np.diff(begins, append=len(taps))
    by_byte, by_word = (
        np.bincount(channel, _even(length + _escapes(delta, begins, limit)), outputs).astype(np.int64)
        for limit in (BYTE_DELTA // WORD_BYTES, WORD_DELTA)
    )
    empty = 2 * (count == 0)
    # An entry takes 8.5 instructions with a delta in bytes and 9 with one in words.
    is_wide = bool(8.5 * (by_byte + empty).sum() > 9 * (by_word + empty).sum())
    lists = np.maximum(np.bincount(channel, minlength=outputs), 1)
    general = np.where(fast_channels(conv, reduced) & (lists == 1), 0, lists)
    return ListSizes(
        _totals(count),
        _totals(np.maximum(count, 1)),
        _totals((by_word if is_wide else by_byte) + empty),
        _totals(general),
        _totals(np.maximum(2 * general, 1)),
        is_wide,
    )


def _lists(
    weights: NDArray[np.int8], count: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of every list that is not empty, in order: the number of its first tap, its output channel."""
    first = np.cumsum(count) - count
    filled = np.flatnonzero(count)
    begins = {int(first[channel]): int(channel) for channel in filled}
    # The absolute value of -128 is -128 as int8, and 128 as uint8.
    sums = np.abs(weights).view(np.uint8).sum(axis=1, dtype=np.int64)
    for channel in np.flatnonzero(sums > MOST_WEIGHT).tolist():
        kept = weights[channel][weights[channel] != 0]
        begins |= {int(first[channel]) + cut: channel for cut in list_cuts(kept)}
    order = sorted(begins)
    return np.array(order, np.int64), np.array([begins[at] for at in order], np.int64)


def _escapes(delta: NDArray[np.int64], begins: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Of each list, the entries of weight 0 that deltas of more than `limit` words take."""
    far = np.flatnonzero(delta > limit)
    owner = np.searchsorted(begins, far, side="right") - 1
    return np.bincount(owner, (delta[far] - 1) // limit, len(begins)).astype(np.int64)


def _even(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return counts + counts % 2


def _totals(counts: NDArray[np.int64]) -> tuple[int, ...]:
    return (0, *np.cumsum(counts).tolist())
