"""The front end's bytes are what its C takes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.front_end import (
    front_end_bytes,
    front_end_flash,
    image_front_end,
    input_affine,
    without_front_end,
)
from edgel3_deploy.plan.skeleton import skeleton
from edgel3_deploy.resources import firmware_dir
from tests.firmware.front_end.host import write_tables
from tests.firmware.front_end.windows import some_affine
from tests.firmware.kernels.target import FLAGS

NETWORK = skeleton(member("sea-64"))
STATE = """#include "front_end/front_end.h"
front_end_t front_end;
"""


def test_a_front_end_is_in_an_image_if_it_gives_the_networks_input() -> None:
    assert image_front_end(NETWORK) is SEA
    assert image_front_end(skeleton(member("sparse-ft-95.45"))) is L3
    for other in (without_front_end(NETWORK), replace(NETWORK, front_end="l3")):
        assert image_front_end(other) is None
        assert front_end_flash(other) == 0


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("sizes", [SEA, L3], ids=["sea", "l3"])
def test_its_ram_is_that_of_the_c(arm_gcc: Path, tmp_path: Path, sizes: FrontEnd, streams: bool) -> None:
    write_tables(tmp_path, sizes, some_affine(), streams=streams)
    (tmp_path / "state.c").write_text(STATE)
    command = [arm_gcc, *FLAGS, "-c", f"-I{tmp_path}", f"-I{firmware_dir()}", "state.c", "-o", "state.o"]
    subprocess.run([str(word) for word in command], cwd=tmp_path, check=True)
    printed = subprocess.run(
        ["arm-none-eabi-size", "state.o"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert int(printed.splitlines()[1].split()[2]) == front_end_bytes(sizes, streams=streams)


def test_its_affine_is_the_networks_quantization() -> None:
    found, tensor = input_affine(NETWORK), NETWORK.input
    step = NETWORK.input_gain * 1.50515 / tensor.scale / (1 << 24)
    assert found.slope / 2.0 ** (32 + found.shift) == pytest.approx(step, rel=1e-5)
