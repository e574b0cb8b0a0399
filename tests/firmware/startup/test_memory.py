"""Which addresses a fault report may read as stacked registers."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from tests.firmware.drivers.bench import Bench

LIMIT, SIZE, GUARD, FRAME = 0x2000_0000, 0x2000, 32, 32
TABLES = (
    "__copy_table",
    "__copy_table_end",
    "__zero_table",
    "__zero_table_end",
    "__bss_end",
    "__application_size",
)


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        (LIMIT - FRAME, False),
        (LIMIT, False),
        (LIMIT + GUARD - 4, False),
        (LIMIT + GUARD, True),
        (LIMIT + SIZE - FRAME, True),
        (LIMIT + SIZE - FRAME + 4, False),
    ],
)
def test_the_guard_is_not_the_stack(arm_gcc: Path, tmp_path: Path, address: int, inside: bool) -> None:
    """A report that reads the guard after an overflow would fault again, for good."""
    symbols = dict.fromkeys(TABLES, LIMIT) | {"__stack_limit": LIMIT, "__stack_top": LIMIT + SIZE}
    bench = Bench(arm_gcc, load_board("stm32f7"), tmp_path, ["startup/memory.c"], symbols)
    assert bench.call("memory_in_stack", address, FRAME) == inside
