"""What `check` counts before anything is compiled is what the linker places, region by region."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.models import random_tflite
from edgel3_deploy.boards import load_board
from edgel3_deploy.models.family import member
from edgel3_deploy.pipeline.builder import BuildRequest, build
from edgel3_deploy.plan.application_data import application_data, application_region
from edgel3_deploy.plan.estimate import estimate_network
from edgel3_deploy.plan.planner import RESERVE, capacities
from edgel3_deploy.reference.accept import read_network_file
from edgel3_deploy.toolchain.elf import read_elf

ROUNDED_UP = 1_536
"""Bytes of RAM that the estimate may count too many, most of them the firmware's own."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_ram_is_counted_as_it_is_linked(arm_gcc: Path, tmp_path: Path, name: str) -> None:
    model, board = tmp_path / "sea-64.tflite", load_board(name)
    model.write_bytes(random_tflite(member("sea-64")))
    network, _ = read_network_file(model)
    estimate = estimate_network(network, board)
    budget = build(BuildRequest(board, str(model), tmp_path / "out")).budget
    assert budget is not None
    assert budget.ram.used <= estimate.ram_used <= budget.ram.used + ROUNDED_UP
    sections = {section.name: section for section in read_elf(tmp_path / "out" / "firmware.elf").sections}
    region, placed = board.region(application_region(network, board)), sections[".application"]
    assert region.name != board.main_ram
    assert region.origin == placed.address and placed.size <= application_data(network, board)
    # The buffers as planned, and nothing in the main RAM beyond what is kept free for it.
    used, free = {row.name: row.used for row in budget.regions}, capacities(network, board)
    main = board.region(board.main_ram)
    assert used[main.name] <= main.size - free[main.name] + dict(estimate.ram_regions)[main.name]
    assert sections[".bss"].size - network.input.size - network.output.size < RESERVE
