"""What starting the watchdog writes (RM0410 section 29.3, RM0433 section 46.3): it runs before it is set."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from tests.firmware.drivers.bench import Bench
from tests.firmware.registers.vendor_table import rows_of


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
@pytest.mark.parametrize("milliseconds", [8, 4000, 32_000])
def test_it_is_started_unlocked_set_and_fed(
    arm_gcc: Path, tmp_path: Path, name: str, milliseconds: int
) -> None:
    board = load_board(name)
    facts = {row.macro: row.value for row in rows_of(board)}
    bench = Bench(arm_gcc, board, tmp_path, ["drivers/watchdog_stm32.c"], {})
    bench.call("watchdog_start", milliseconds)
    assert bench.writes == [
        (facts["IWDG_KR"], facts["IWDG_KR_START"]),
        (facts["IWDG_KR"], facts["IWDG_KR_UNLOCK"]),
        (facts["IWDG_PR"], facts["IWDG_PR_DIV256"]),
        (facts["IWDG_RLR"], milliseconds // 8 - 1),
        (facts["IWDG_KR"], facts["IWDG_KR_FEED"]),
    ]


def test_it_waits_for_values_to_be_taken_over_but_not_for_ever(arm_gcc: Path, tmp_path: Path) -> None:
    """48 ms, which at 480 MHz are a million looks of five instructions at a register behind three buses."""
    board = load_board("stm32h7")
    facts = {row.macro: row.value for row in rows_of(board)}
    bench = Bench(arm_gcc, board, tmp_path, ["drivers/watchdog_stm32.c"], {})
    bench.preset(facts["IWDG_SR"], facts["IWDG_SR_RVU"])
    with pytest.raises(AssertionError, match="did not return"):
        bench.call("watchdog_start", 4000, limit=5_000_000)
    bench.call("watchdog_start", 4000)
    assert bench.writes[-1] == (facts["IWDG_KR"], facts["IWDG_KR_FEED"])
