"""Power that fails in the middle of a flash operation, and the cells that it leaves half done."""

from __future__ import annotations

import random
from dataclasses import dataclass

_RUN = 32
"""Cells of one flash word share their fate when an erase is cut."""


class PowerLost(Exception):  # noqa: N818 - an event, not an error
    """The supply is gone: nothing on the chip goes on. `operations` counts flash operations so far."""

    def __init__(self, operations: int) -> None:
        super().__init__(f"the power failed in flash operation {operations}")
        self.operations = operations


@dataclass(frozen=True)
class TornErase:
    """`cells` of a sector, and its (offset, size) runs whose check bits, where there are some, do not fit."""

    cells: bytes
    unsure: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PowerCut:
    """The supply fails during flash operation number `operation` (erase of a sector or program of a word).

    Operations count from 1 when the board is switched on. `seed` decides what the cells hold afterwards.
    """

    operation: int
    seed: int = 0

    def torn_erase(self, old: bytes) -> TornErase:
        """What a sector of `old` contents holds: runs that are erased, erased in part, or as they were."""
        chance = random.Random(f"erase {self.seed}")
        cells = bytearray(old)
        unsure: list[tuple[int, int]] = []
        at = 0
        while at < len(old):
            end = min(len(old), at + _RUN * chance.randrange(1, 1 + max(1, len(old) // (8 * _RUN))))
            state = chance.randrange(3)
            if state == 0:
                cells[at:end] = b"\xff" * (end - at)
            elif state == 1:
                lifted = int.from_bytes(old[at:end], "little") | chance.getrandbits(8 * (end - at))
                cells[at:end] = lifted.to_bytes(end - at, "little")
                unsure.append((at, end - at))
            at = end
        if chance.randrange(2):
            unsure = [(0, len(old))]
        return TornErase(bytes(cells), tuple(unsure))

    def torn_program(self, old: bytes, data: bytes) -> bytes:
        """A word whose programming was cut: some of the bits that had to be cleared are."""
        chance = random.Random(f"program {self.seed}")
        before, target = int.from_bytes(old, "little"), int.from_bytes(data, "little")
        kept = before & ~target & chance.getrandbits(8 * len(old))
        return (before & target | kept).to_bytes(len(old), "little")
