"""Instructions and cycles of the sparse kernel, modelled, per row of a convolution.

Entries, turns and channels are counted from firmware/kernels/sparse_run_m7.S; what expansion costs is fitted
to counts measured on QEMU's mps2-an500 (GCC 12.2, -O2) at the shapes of L3. Cycles are llvm-mca's for each
loop, one for every other instruction, and the cache lines that a list in flash misses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Output = Literal["rows", "pooled", "global"]
ListForm = Literal["taps", "bytes1", "bytes4"]

ENTRY = {"taps": 6.0, "bytes1": 8.5, "bytes4": 9.0}
"""Instructions an entry and tile."""
ENTRY_CYCLES = {"taps": 7.0, "bytes1": 9.5, "bytes4": 13.0}
"""Modelled cycles of the same, all loads hitting."""
ENTRY_BYTES = {"taps": 8, "bytes1": 2, "bytes4": 2}
TURN_ENTRIES = {"taps": 128, "bytes1": 32, "bytes4": 32}
TURN = 3.0
MISS = 12.0 / 32.0
"""Cycles for each byte of a list from flash: a line of 32 bytes takes 12 at 7 wait states."""
CHANNEL = {"rows": 50.0, "pooled": 50.5, "global": 49.0}
PLAIN_CHANNEL = 13.0
"""Instructions of an output channel and tile, and how many more in lists of bytes."""
EXPANDED, EXPANDED_EDGE = 9.25, 20.2
"""Per row and input channel of a tile; of the first and last tile of a supergroup."""
TILE = 345.0


@dataclass(frozen=True)
class Entries:
    """Lists of one form: their entries and output channels; `flash`: read from there by every tile."""

    form: ListForm
    entries: int
    channels: int
    flash: bool


def row_instructions(
    lists: tuple[Entries, ...], inputs: int, output: Output, tiles: int, edge_tiles: int
) -> float:
    """Of one row of the convolution: `tiles` tiles, `edge_tiles` of them at an end of a supergroup."""
    return sum(tiles * list_instructions(part, output) for part in lists) + expansion(
        inputs, tiles, edge_tiles
    )


def row_cycles(lists: tuple[Entries, ...], inputs: int, output: Output, tiles: int, edge_tiles: int) -> float:
    """The same in modelled cycles."""
    return sum(tiles * list_cycles(part, output) for part in lists) + expansion(inputs, tiles, edge_tiles)


def expansion(inputs: int, tiles: int, edge_tiles: int) -> float:
    """Of the taps of a row's tiles."""
    words = (tiles - edge_tiles) * EXPANDED + edge_tiles * EXPANDED_EDGE
    return 3 * inputs * words + tiles * TILE


def list_instructions(part: Entries, output: Output) -> float:
    """Of the lists for one tile."""
    return part.entries * ENTRY[part.form] + _around(part, output)


def list_cycles(part: Entries, output: Output) -> float:
    """The same in modelled cycles."""
    miss = MISS * ENTRY_BYTES[part.form] if part.flash else 0.0
    return part.entries * (ENTRY_CYCLES[part.form] + miss) + _around(part, output)


def _around(part: Entries, output: Output) -> float:
    """Turns of the loop, half a turn for the rest of each list; starts and finishes."""
    turns = part.entries / TURN_ENTRIES[part.form] + part.channels / 2
    plain = 0.0 if part.form == "taps" else PLAIN_CHANNEL
    return TURN * turns + part.channels * (CHANNEL[output] + plain)
