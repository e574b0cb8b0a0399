"""`make flash BOARD=nucleo-f767zi PORT=auto` against a pseudo-terminal behind which that board runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgel3_deploy.emulate import start
from edgel3_deploy.flash import virtual_probe
from edgel3_deploy.flash.image import load_image
from edgel3_deploy.link.discover import PORTS_VARIABLE
from tests.flash.test_virtual import build_small

BOARD = "nucleo-f767zi"


@pytest.fixture
def place(tmp_path: Path, repository: Path) -> Path:
    """A folder with a virtual environment for make, whose program is this checkout's."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    program = tmp_path / "venv" / "bin" / "edgel3-deploy"
    program.parent.mkdir(parents=True)
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        f"sys.path[:0] = [{str(repository)!r}]\n"
        "from edgel3_deploy.cli.main import main\n"
        "main()\n"
    )
    program.chmod(0o755)
    return tmp_path


def make_flash(place: Path, repository: Path, ports: str) -> subprocess.CompletedProcess[str]:
    # What is set up already is not set up again.
    command = ["make", "-f", str(repository / "Makefile"), "-o", "setup", "flash"]
    return subprocess.run(
        [*command, f"BOARD={BOARD}", "PORT=auto", "VENV=venv"],
        cwd=place,
        env={**os.environ, PORTS_VARIABLE: ports},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_the_board_is_found_updated_through_its_loader_and_asked(
    arm_gcc: Path, place: Path, repository: Path
) -> None:
    folder = place / "build"
    folder.mkdir()
    file = place / "flash.bin"
    former = build_small(BOARD, folder)
    virtual_probe.program(load_image(former.hex, former.board), former.board, file)
    build = build_small(BOARD, folder, version=2)
    with start(build.board, flash_file=file) as board:
        done = make_flash(place, repository, f"/dev/ttyS7:067b:2303,{board.port}:0483:374b")
    assert done.returncode == 0, done.stderr
    assert f"flashing through the loader on {board.port}" in done.stderr
    assert f"{BOARD}: runs this build from slot 0: the board itself reports CRC 0x" in done.stdout
    assert build.manifest.build_id[:12] in done.stdout


def test_a_blank_board_says_how_to_program_it_once(arm_gcc: Path, place: Path, repository: Path) -> None:
    folder = place / "build"
    folder.mkdir()
    build = build_small(BOARD, folder)
    with start(build.board, flash_file=place / "blank.bin", boot0=False) as board:
        done = make_flash(place, repository, f"{board.port}:0483:374b")
    assert done.returncode != 0
    assert f"no loader answers on {board.port}" in done.stderr
    assert f"edgel3-deploy flash --board {BOARD} --via openocd" in done.stderr


def test_no_board_at_all_says_so(arm_gcc: Path, place: Path, repository: Path) -> None:
    folder = place / "build"
    folder.mkdir()
    build_small(BOARD, folder)
    done = make_flash(place, repository, "")
    assert done.returncode != 0
    assert "no ST-LINK port was found for the NUCLEO-F767ZI" in done.stderr
