"""What the makers' headers say about the constants of the firmware: one CSV file a chip.

A row gives an expression of the firmware's macros, what the maker calls it, and the number: an address for a
register, the value for anything else. `vendor` is a C expression over ST's device and HAL headers (STM32F769,
STM32H743) and Arm's CMSIS core_cm7.h, from which only numbers were taken;
`test_the_table_holds_against_the_makers_headers` evaluates it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.boards import Board

_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Row:
    """`macro` is one with its arguments, such as "RCC_PLLCFGR_P(8u)"; `value` has 32 bits."""

    macro: str
    vendor: str
    value: int

    @property
    def name(self) -> str:
        """The macro without arguments."""
        return self.macro.partition("(")[0]


def rows_of(board: Board) -> tuple[Row, ...]:
    """The core's rows and those of the board's chip."""
    return (*_read("cortex_m7"), *_read(board.family))


def _read(name: str) -> tuple[Row, ...]:
    with (_FOLDER / f"{name}.csv").open(newline="") as file:
        return tuple(Row(row["macro"], row["vendor"], int(row["value"], 16)) for row in csv.DictReader(file))
