"""Instructions and cycles of the sparse kernel, modelled, by entry, channel and tile.

Entries, turns and channels are counted from firmware/kernels/sparse_run_m7.S; what expansion costs is fitted
to counts measured on QEMU's mps2-an500 (GCC 12.2, -O2) at the shapes of L3. Cycles are llvm-mca's for each
loop, one for every other instruction, and the cache lines that a list in flash misses.
"""

from __future__ import annotations

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
GENERAL_CHANNEL = {"rows": 297.0, "pooled": 365.0, "global": 94.0}
GENERAL_LIST = 124.0
"""What an output channel and tile takes more if C finishes it, and for each of its lists."""
CUT_CHANNEL = 103.0
"""How many more under the maximum over the map, in a tile some of whose positions do not count."""
EXPANDED, EXPANDED_EDGE = 9.25, 20.2
"""Per row and input channel of a tile; of the first and last tile of a supergroup."""
TILE = 345.0


def expansion(inputs: int, tiles: int, edge_tiles: int) -> float:
    """Instructions for the taps of a row's tiles, `edge_tiles` of them at an end of a supergroup."""
    words = (tiles - edge_tiles) * EXPANDED + edge_tiles * EXPANDED_EDGE
    return 3 * inputs * words + tiles * TILE
