"""The sensor's share of a board's memories is what its C takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.boards import load_board
from edgel3_deploy.codegen.sound import PLAYED_RATE, sound_files, source_rate
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.sensor import sensor_flash, sensor_ram
from edgel3_deploy.plan.skeleton import skeleton
from edgel3_deploy.resources import firmware_dir
from tests.firmware.front_end.host import write_tables
from tests.firmware.front_end.windows import some_affine
from tests.firmware.kernels.target import FLAGS
from tests.firmware.stand_in import public_header, write_header

NETWORK = skeleton(member("sea-64"))
BOARD = load_board("mps2-an500")
OWN = ("hearing", "recorder", "records", "sensor", "sensor_requests", "summaries")


def test_an_image_without_front_end_has_none() -> None:
    other = without_front_end(NETWORK)
    assert sensor_ram(other, BOARD) == sensor_flash(other) == 0


def test_wider_samples_take_a_block_of_their_own() -> None:
    narrow, wide = (load_board(name) for name in ("stm32f7", "nucleo-f767zi"))
    assert sensor_ram(NETWORK, wide) - sensor_ram(NETWORK, narrow) == 2_400


def test_a_board_without_microphone_is_played_48_khz() -> None:
    assert source_rate(load_board("mps2-an500")) == PLAYED_RATE
    assert source_rate(load_board("stm32f7")) == 48_000


def test_its_memory_is_that_of_the_c(arm_gcc: Path, tmp_path: Path) -> None:
    firmware = firmware_dir()
    write_tables(tmp_path, SEA, some_affine())
    write_header(tmp_path, public_header((64, 50, 1), 64, layers=13, labels=32, front_end=SEA))
    (tmp_path / "board.h").write_text("")
    for name, content in sound_files(PLAYED_RATE, SEA.sample_rate).items():
        (tmp_path / name).write_bytes(content)
    own = [firmware / "application" / f"{name}.c" for name in OWN]
    sources = [*own, *(firmware / "sound").glob("*.c"), firmware / "head" / "label_state.c"]
    sources.append(tmp_path / "sound_tables.c")
    includes = [f"-I{folder}" for folder in (tmp_path, firmware, firmware / "include")]
    command = [arm_gcc, *FLAGS, "-O2", "-ffp-contract=off", *includes, "-c", *sources]
    subprocess.run([str(word) for word in command], cwd=tmp_path, check=True)
    objects = [f"{path.stem}.o" for path in sources]
    printed = subprocess.run(
        ["arm-none-eabi-size", "-t", *objects], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    text, data, bss = map(int, printed.splitlines()[-1].split()[:3])
    assert data == 0
    assert bss <= sensor_ram(NETWORK, BOARD) <= bss + 100
    # The linker adds what only the sensor calls: divisions, summaries' encoder, the microphone's driver.
    assert text <= sensor_flash(NETWORK) <= text + 2500
