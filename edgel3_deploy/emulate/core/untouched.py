"""RAM that was not written since power came on: what a program reads there is an accident."""

from __future__ import annotations

BLOCK = 4096
"""Bytes that count as written with the first write to any of them."""


class Untouched:
    """The blocks without a write so far; none is followed in RAMs that are not given to `follow`."""

    def __init__(self) -> None:
        self._blocks: set[int] = set()

    def follow(self, origin: int, size: int) -> None:
        """The RAM [origin, origin + size) has just been powered."""
        self._blocks |= set(range(origin // BLOCK * BLOCK, origin + size, BLOCK))

    def opens(self, address: int, size: int) -> bool:
        """[address, address + size) is accessed: whether that is the first access to one of its blocks."""
        touched = set(range(address // BLOCK * BLOCK, address + size, BLOCK)) & self._blocks
        self._blocks -= touched
        return bool(touched)

    def holds(self, address: int) -> bool:
        """Whether nothing was written to the block of `address`."""
        return address // BLOCK * BLOCK in self._blocks

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """The (from, to) runs of untouched blocks in [start, end)."""
        runs: list[tuple[int, int]] = []
        for block in sorted(block for block in self._blocks if start <= block < end):
            first = runs.pop()[0] if runs and runs[-1][1] == block else block
            runs.append((first, min(block + BLOCK, end)))
        return runs
