"""How long the lists of a sparse convolution are, per output channel, before anything is packed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D, Layer

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
    escapes included, an even number a channel. `wide`: byte lists count their deltas in words, else in bytes,
    whichever is faster.
    """

    nonzeros: tuple[int, ...]
    taps: tuple[int, ...]
    pairs: tuple[int, ...]
    wide: bool

    @property
    def channels(self) -> int:
        return len(self.taps) - 1

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
        return TAP_BYTES * taps + PAIR_BYTES * pairs + CHANNEL_BYTES * self.channels


def least_constants(layer: Layer) -> int:
    """Bytes of the smallest form of a layer's weights: int8, or lists of pairs if a 3x3 convolution has many
    zeros.
    """
    if not isinstance(layer, Conv2D) or layer.weights.shape[1:3] != (3, 3):
        return layer.constant_bytes
    lists = PAIR_BYTES * int(np.count_nonzero(layer.weights)) + CHANNEL_BYTES * len(layer.weights)
    return min(layer.constant_bytes, lists)


def list_sizes(conv: Conv2D, columns: bool) -> ListSizes:
    """The sizes of a 3x3 convolution's lists; `columns`: its rows are those of the transposed map."""
    outputs = len(conv.weights)
    # (out, row, channel, position): the order of a tile's scratch.
    order = (0, 2, 3, 1) if columns else (0, 1, 3, 2)
    taps = np.flatnonzero(conv.weights.transpose(order))
    channel, place = np.divmod(taps, conv.weights[0].size)
    group, position = np.divmod(place, 3)
    word = group * TILE_WORDS + position
    count = np.bincount(channel, minlength=outputs)
    before = np.concatenate([[-1], channel[:-1]]) if len(channel) else channel
    first = np.concatenate([[0], word[:-1]]) if len(word) else word
    delta = np.where(channel == before, word - first, word)
    escapes = {
        limit: np.bincount(channel, np.maximum(delta - 1, 0) // limit, outputs).astype(np.int64)
        for limit in (BYTE_DELTA // WORD_BYTES, WORD_DELTA)
    }
    entries = np.maximum(count, 1)
    by_byte, by_word = ((pairs := entries + more) + pairs % 2 for more in escapes.values())
    # An entry takes 8.5 instructions with a delta in bytes and 9 with one in words.
    is_wide = bool(8.5 * by_byte.sum() > 9 * by_word.sum())
    return ListSizes(_totals(count), _totals(entries), _totals(by_word if is_wide else by_byte), is_wide)


def _totals(counts: NDArray[np.int64]) -> tuple[int, ...]:
    return (0, *np.cumsum(counts).tolist())
