"""The application's data makes room for hot buffers: it lies in another RAM region where a board has one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgel3_deploy.boards import board_names, load_board
from edgel3_deploy.image.layout import MAILBOX_SIZE
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.application_data import application_data, application_region
from edgel3_deploy.plan.place import padded
from edgel3_deploy.plan.planner import RESERVE, capacities
from edgel3_deploy.plan.schedule import schedule
from edgel3_deploy.plan.search import options
from edgel3_deploy.plan.sensor import sensor_ram
from edgel3_deploy.plan.skeleton import skeleton
from tests.plan.chains import board_with
from tests.plan.test_schedule import check_places

SEA_64 = skeleton(member("sea-64"))
F7 = load_board("stm32f7")


@pytest.mark.parametrize(
    ("name", "region"),
    [("stm32f7", "sram1"), ("nucleo-f767zi", "sram1"), ("stm32h7", "sram4"), ("mps2-an500", "sram")],
)
def test_the_last_region_that_no_dma_writes_has_it(name: str, region: str) -> None:
    assert application_region(SEA_64, load_board(name)) == region


def test_a_region_too_small_for_it_is_passed_over() -> None:
    size = application_data(SEA_64, F7)
    assert application_region(SEA_64, board_with(50_000, size, size - 1)) == "ram1"
    assert application_region(SEA_64, board_with(50_000, size - 1)) == "ram0"
    assert application_region(SEA_64, board_with(50_000)) == "ram0"


def test_where_it_lies_it_leaves_less_to_buffers() -> None:
    free = capacities(SEA_64, F7)
    tensors = SEA_64.input.size + SEA_64.output.size
    assert free["dtcm"] == (128 << 10) - F7.stack_size - RESERVE - tensors - MAILBOX_SIZE
    assert free["sram1"] == (368 << 10) - padded(application_data(SEA_64, F7))
    alone = replace(F7, regions=tuple(region for region in F7.regions if region.name != "sram1"))
    assert capacities(SEA_64, alone) == {"dtcm": free["dtcm"] - sensor_ram(SEA_64, alone)}


@pytest.mark.parametrize("name", board_names())
def test_sea_64_with_front_end_and_sensor_takes_at_most_39_million_instructions(name: str) -> None:
    board = load_board(name)
    plan = schedule(SEA_64, board, found=options(SEA_64))
    assert plan.front_end is not None
    assert round(plan.instructions / 1e6, 1) <= 39.0
    check_places(SEA_64, plan, board)
