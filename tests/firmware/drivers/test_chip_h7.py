"""What depends on the STM32H7's revision (ES0392): early silicon may read its AXI SRAM wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from tests.firmware.drivers.bench import Bench
from tests.firmware.registers.vendor_table import rows_of

DEVICE = 0x450


@pytest.mark.parametrize(
    ("revision", "early"),
    [(0x1000, True), (0x1001, True), (0x1003, True), (0x2000, False), (0x2001, False), (0x2003, False)],
)
def test_early_revisions_get_the_workaround_for_the_axi_sram(
    arm_gcc: Path, tmp_path: Path, revision: int, early: bool
) -> None:
    board = load_board("stm32h7")
    facts = {row.macro: row.value for row in rows_of(board)}
    bench = Bench(arm_gcc, board, tmp_path, ["drivers/chip_stm32h7.c"], {})
    bench.preset(facts["DBGMCU_IDCODE"], revision << 16 | DEVICE)
    bench.call("chip_power_memories")
    assert (facts["RCC_AHB2ENR"], facts["RCC_AHB2ENR_SRAM123EN"]) in bench.writes
    override = (facts["AXI_TARG7_FN_MOD"], facts["AXI_FN_MOD_READ_ISS_OVERRIDE"])
    assert (override in bench.writes) == early
