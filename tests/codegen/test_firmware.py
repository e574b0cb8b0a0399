"""A project takes the firmware it needs and leaves the rest."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.codegen.firmware import application_files, loader_files

COMMON = {
    "firmware/include/build_id.h",
    "firmware/link/session.c",
    "firmware/boot/slots.c",
    "firmware/startup/startup.c",
}


@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7", "mps2-an500"])
def test_each_board_gets_main_link_startup_and_its_chip(name: str) -> None:
    board = load_board(name)
    files = application_files(board)
    for kind in ("chip", "flash"):
        own = f"firmware/drivers/{kind}_{board.family.partition('-')[0]}.c"
        assert [path for path in files if path.startswith(f"firmware/drivers/{kind}_")] == (
            [own] if kind == "chip" else ["firmware/drivers/flash_access.h", own]
        )
    assert COMMON | {"firmware/application/main.c"} <= files.keys()
    assert not any(path.startswith("firmware/loader/") for path in files)


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_the_loader_has_no_network(name: str) -> None:
    files = loader_files(load_board(name))
    assert COMMON | {"firmware/loader/main.c"} <= files.keys()
    assert not any(path.startswith(("firmware/application/", "firmware/kernels/")) for path in files)


def test_a_front_end_brings_the_sound_path_and_labels_over_time() -> None:
    board = load_board("stm32f7")
    without, files = application_files(board), application_files(board, front_end=True)
    added = files.keys() - without.keys()
    assert {"firmware/sound/sound.c", "firmware/head/label_state.c", "firmware/head/most_labels.h"} <= added
    assert not any(path.startswith(("firmware/kernels/", "firmware/front_end/")) for path in files)
