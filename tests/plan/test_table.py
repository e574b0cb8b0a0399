"""The plan as a table for people."""

from __future__ import annotations

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.planner import plan_memory
from edgel3_deploy.plan.schedule import schedule
from edgel3_deploy.plan.skeleton import skeleton
from edgel3_deploy.plan.table import HEADER, SCHEDULE_HEADER, plan_table, resident_table, schedule_table

SEA_64 = without_front_end(skeleton(member("sea-64")))


def test_one_row_per_layer_under_a_header() -> None:
    board = load_board("stm32f7")
    table = plan_table(SEA_64, plan_memory(SEA_64, board))
    assert table[0] == HEADER
    assert len(table) == 1 + 13
    assert table[1][:4] == ("conv1", "64 x 50 x 32", "921,600", "caller's input")
    assert table[2][3:] == ("dtcm +0x00000", "sram1 +0x00000", "204,800")
    assert table[-1][3:5] == ("caller's output", "caller's output")


def test_a_schedule_has_a_row_per_step_with_its_strip_kernel_and_place() -> None:
    chosen = schedule(SEA_64, load_board("stm32f7"), "size")
    header, *rows = schedule_table(chosen)
    assert header == SCHEDULE_HEADER
    assert [row[1] for row in rows] == [step.name for step in chosen.steps]
    strips = [number for number, group in enumerate(chosen.groups) if len(group.steps) > 1]
    assert len({row[0] for row in rows} - {""}) == len(strips) > 0
    assert rows[0][2] == "64 x 50 x 32"
    assert rows[-1][-1] == "caller's output"
    assert all(step.kernel.text in row for step, row in zip(chosen.steps, rows, strict=True))


def test_a_lane_group_says_how_lists_are_kept_and_what_is_decoded_at_start() -> None:
    network = skeleton(member("sparse-ft-95.45"))
    plan = schedule(network, load_board("mps2-an500"))
    header, *rows = schedule_table(plan)
    conv2 = dict(zip(header, rows[1], strict=True))
    assert (conv2["step"], conv2["rows kept"]) == ("conv2_pool1", "3 of 99")
    assert conv2["lists"] == "64 taps in RAM"
    assert "by columns + 2x2 max" in conv2["kernel"]
    assert int(conv2["cycles"].replace(",", "")) > 0
    kept_header, *kept = resident_table(plan)
    assert len(kept) == len(plan.residents) > 0
    assert dict(zip(kept_header, kept[0], strict=True))["kept in RAM"] == "lists decoded, 64 channels"
