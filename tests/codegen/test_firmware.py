"""A project takes the firmware it needs and leaves the rest."""

from __future__ import annotations

import re

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.codegen.firmware import application_files, loader_files

COMMON = {
    "firmware/include/edgel3_net.h",
    "firmware/link/session.c",
    "firmware/boot/slots.c",
    "firmware/startup/startup.c",
}


@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7", "mps2-an500"])
def test_each_board_gets_main_link_startup_and_its_chip(name: str) -> None:
    board = load_board(name)
    files = application_files(board, "native")
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


@pytest.mark.parametrize("runtime", ["cmsis-nn", "tflm"])
def test_other_runtimes_leave_the_kernels(runtime: str) -> None:
    files = application_files(load_board("stm32f7"), runtime)
    assert not any(path.startswith("firmware/kernels/") for path in files)


@pytest.mark.parametrize("runtime", ["cmsis-nn", "tflm"])
def test_a_head_brings_its_kernels_and_what_these_include(runtime: str) -> None:
    files = application_files(load_board("stm32f7"), runtime, with_head=True)
    kernels = {path: text.decode() for path, text in files.items() if path.startswith("firmware/kernels/")}
    assert "firmware/kernels/fully_connected.c" in kernels
    for path, text in kernels.items():
        for included in re.findall(r'#include "([^"]+)"', text):
            folders = ("firmware/kernels", "firmware", "firmware/include")
            assert any(f"{folder}/{included}" in files for folder in folders), (path, included)
