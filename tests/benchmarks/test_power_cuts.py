"""Cut updates recover; and a loader that does not check what it starts is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.firmware import Change
from benchmarks.interrupted_update import After, Cut, Fate, Update, interrupt, power_cut
from benchmarks.power_cuts import is_right, prepare_update, remarks, run, summary, table
from edgel3_deploy.boards import load_board
from edgel3_deploy.emulate import PowerCut
from edgel3_deploy.image.header import IMAGE_HEADER_SIZE, LENGTH
from edgel3_deploy.image.layout import flash_layout

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")
pytestmark = pytest.mark.usefixtures("arm_gcc")

NO_CRC_CHECK = Change(
    "firmware/boot/slots.c",
    "found->crc == header.crc) {",
    "found->crc != header.crc + 1u) {",
)


@pytest.mark.slow
@pytest.mark.parametrize(("board", "slots"), [("stm32f7", 1), ("stm32h7", 2)])
def test_a_board_recovers_from_a_cut_in_every_phase(board: str, slots: int, tmp_path: Path) -> None:
    update = prepare_update(load_board(board), slots, tmp_path)
    fates = list(run(update, len(update.phases), seed=0))
    assert [fate.cut.phase for fate in fates] == list(update.phases)
    result = summary(fates, two_slots=slots == 2)
    assert is_right(result), [remarks(fate, two_slots=slots == 2) for fate in fates]


@pytest.mark.slow
def test_a_loader_that_ignores_the_crc_starts_half_an_image(tmp_path: Path) -> None:
    board = load_board("stm32f7")
    update = prepare_update(board, 1, tmp_path, [NO_CRC_CHECK])
    slot = flash_layout(board, 1).slots[0]
    first = next(sector for sector in board.sectors if sector.origin == slot.origin)
    start = first.origin - board.flash.origin
    old = update.before.read_bytes()[start : start + first.size]
    # A torn erase of the first sector that spares the header, and nothing but that.
    seed = next(
        seed
        for seed in range(1000)
        if _erase_interrupted(update, seed) == 1
        and PowerCut(1, seed).torn_erase(old).cells[:LENGTH] == old[:LENGTH]
        and PowerCut(1, seed).torn_erase(old).cells[IMAGE_HEADER_SIZE:] != old[IMAGE_HEADER_SIZE:]
    )
    assert interrupt(update, Cut("erase", seed)).after is After.HALF_WRITTEN


def _erase_interrupted(update: Update, seed: int) -> int:
    """Which erase the power cut of this seed tears."""
    cut = power_cut(update, Cut("erase", seed))
    assert cut is not None
    return cut.operation


def test_what_was_lost_is_counted_and_makes_the_run_fail() -> None:
    fates = [
        Fate(Cut("erase", 0), After.LOADER, ""),
        Fate(Cut("program", 1), After.NOBODY, "no answer"),
        Fate(Cut("program", 2), After.HALF_WRITTEN, ""),
    ]
    result = summary(fates, two_slots=False)
    assert {key: result[key] for key in ("cuts", "bricks", "half_written_starts", "recovered")} == {
        "cuts": 3,
        "bricks": 1,
        "half_written_starts": 1,
        "recovered": 2,
    }
    assert not is_right(result)
    assert "| program |    2 |      1 |                   1 |         1 |" in table(result)
    assert is_right(summary(fates[:1], two_slots=False))
    assert not is_right(summary(fates[:1], two_slots=True)), "with two slots the old image has to run"
    assert remarks(fates[1], two_slots=False) == [
        "after the cut nobody answers",
        "the same command again: no answer",
    ]
