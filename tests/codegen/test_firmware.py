"""A project takes the firmware it needs and leaves the rest."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.codegen.firmware import firmware_files


@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7", "mps2-an500"])
def test_each_board_gets_main_link_startup_and_its_chip(name: str) -> None:
    board = load_board(name)
    files = firmware_files(board, "native")
    chips = [path for path in files if path.startswith("firmware/drivers/chip_")]
    assert chips == [f"firmware/drivers/chip_{board.family.partition('-')[0]}.c"]
    assert {"firmware/main.c", "firmware/include/edgel3_net.h", "firmware/link/session.c"} <= files.keys()


@pytest.mark.parametrize("runtime", ["cmsis-nn", "tflm"])
def test_other_runtimes_leave_the_kernels(runtime: str) -> None:
    files = firmware_files(load_board("stm32f7"), runtime)
    assert not any(path.startswith("firmware/kernels/") for path in files)
