"""The front end's share of a board's memories is what its C takes, and is planned for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.boards import load_board
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.front_end import (
    front_end_flash,
    front_end_ram,
    image_front_end,
    input_affine,
    without_front_end,
)
from edgel3_deploy.plan.planner import capacities
from edgel3_deploy.plan.sensor import sensor_ram
from edgel3_deploy.plan.skeleton import skeleton
from edgel3_deploy.resources import firmware_dir
from tests.firmware.front_end.host import write_tables
from tests.firmware.front_end.windows import some_affine
from tests.firmware.kernels.target import FLAGS

NETWORK = skeleton(member("sea-64"))
STATE = """#include "front_end/front_end.h"
front_end_t front_end;
front_end_frame_levels_t levels[FRONT_END_INNER];
"""


def test_only_sea_is_in_an_image() -> None:
    assert image_front_end(NETWORK) is SEA
    for other in (without_front_end(NETWORK), skeleton(member("sparse-ft-95.45"))):
        assert image_front_end(other) is None
        assert front_end_ram(other) == front_end_flash(other) == 0


def test_its_ram_is_kept_free() -> None:
    board = load_board("stm32f7")
    free, all_ = (capacities(network, board)["dtcm"] for network in (NETWORK, without_front_end(NETWORK)))
    assert all_ - free == front_end_ram(NETWORK) + sensor_ram(NETWORK, board)


def test_its_ram_is_that_of_the_c(arm_gcc: Path, tmp_path: Path) -> None:
    write_tables(tmp_path, SEA, some_affine())
    (tmp_path / "state.c").write_text(STATE)
    command = [arm_gcc, *FLAGS, "-c", f"-I{tmp_path}", f"-I{firmware_dir()}", "state.c", "-o", "state.o"]
    subprocess.run([str(word) for word in command], cwd=tmp_path, check=True)
    printed = subprocess.run(
        ["arm-none-eabi-size", "state.o"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    bss = int(printed.splitlines()[1].split()[2])
    assert bss <= front_end_ram(NETWORK) <= bss + 16


def test_its_affine_is_the_networks_quantization() -> None:
    found, tensor = input_affine(NETWORK), NETWORK.input
    step = NETWORK.input_gain * 1.50515 / tensor.scale / (1 << 24)
    assert found.slope / 2.0 ** (32 + found.shift) == pytest.approx(step, rel=1e-5)
