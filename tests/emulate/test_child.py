from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import serial

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate import start
from edgel3_deploy.emulate.serve import Outcome
from edgel3_deploy.emulate.stm32.power_cut import PowerCut
from edgel3_deploy.errors import BadInputError, EdgeL3DeployError, LinkError, MissingDependencyError
from edgel3_deploy.link.port import open_port
from tests.emulate.conftest import PATIENCE_SECONDS, Build, connect
from tests.link.pty_device import number_held

pytest.importorskip("unicorn")
PARENT = """
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate import start
import time
print(start(load_board("stm32f7")).port, flush=True)
time.sleep(60)
"""


def wait_until_gone(path: str) -> None:
    """Its number is held meanwhile."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Path(path).exists():
        assert time.monotonic() < deadline, f"{path} is still there"
        time.sleep(0.01)


def test_the_port_exists_while_the_board_runs() -> None:
    with ExitStack() as held:
        with start(load_board("stm32f7")) as virtual:
            assert Path(virtual.port).exists()
            held.enter_context(number_held(virtual.port))
        wait_until_gone(virtual.port)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_board_ends_with_its_parent(number: signal.Signals, repository: Path) -> None:
    parent = subprocess.Popen(
        (sys.executable, "-c", PARENT), stdout=subprocess.PIPE, text=True, cwd=repository
    )
    assert parent.stdout is not None
    port = parent.stdout.readline().strip()
    assert Path(port).exists()
    with number_held(port):
        os.kill(parent.pid, number)
        parent.wait()
        wait_until_gone(port)
    parent.stdout.close()


def test_modules_in_the_current_folder_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("unicorn", "json", "elftools"):
        (tmp_path / f"{name}.py").write_text(f"open('{tmp_path}/imported', 'w'); raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    # As `python -c` and an interactive session have it, and as a careless environment has it.
    monkeypatch.syspath_prepend("")
    monkeypatch.setenv("PYTHONPATH", f".{os.pathsep}{tmp_path}")
    with start(load_board("stm32f7")) as virtual:
        assert Path(virtual.port).exists()
    assert not (tmp_path / "imported").exists()


def test_a_power_cut_ends_the_board_and_tears_its_flash(tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    with start(
        load_board("stm32h7"), flash_file=flash, boot0=True, power_cut=PowerCut(operation=3, seed=1)
    ) as virtual:
        assert virtual.adapter_port is not None
        with open_port(virtual.adapter_port, 115_200, "E") as port:
            bootloader = connect(port)
            with pytest.raises(EdgeL3DeployError):
                bootloader.write(0x0800_0000, bytes(256))
        assert virtual.await_power_loss(PATIENCE_SECONDS)
        assert virtual.outcome == Outcome(flash_operations=3, power_lost=True)
    cells = flash.read_bytes()
    assert cells[:64] == bytes(64)
    assert cells[64:96] not in (bytes(32), b"\xff" * 32)
    assert cells[96:256] == b"\xff" * 160
    assert flash.with_name("flash.bin.ecc").read_text() == "0x08000040\n"


@pytest.mark.parametrize("chip", ["f7", "h7"])
def test_the_power_can_fail_while_the_program_itself_programs(
    monitor: Build, tmp_path: Path, chip: str
) -> None:
    """Operation 1 is the monitor's erase, 2 the word that it stores."""
    cut = PowerCut(operation=2, seed=1)
    with (
        start(
            load_board(f"stm32{chip}"), flash_file=tmp_path / "flash.bin", image=monitor(chip), power_cut=cut
        ) as virtual,
        serial.Serial(virtual.port, 115_200, timeout=60) as terminal,
    ):
        terminal.write(b"?")
        terminal.read_until(b"\n")
        terminal.write(b"p")
        assert virtual.await_power_loss(PATIENCE_SECONDS)
    assert virtual.outcome == Outcome(flash_operations=2, power_lost=True)


def test_flash_operations_are_counted_for_the_next_cut(tmp_path: Path) -> None:
    with start(load_board("stm32f7"), flash_file=tmp_path / "flash.bin") as virtual:
        assert not virtual.await_power_loss(0.1)
    assert virtual.outcome == Outcome(flash_operations=0, power_lost=False)
    for command in (virtual.press_reset, lambda: virtual.pin("PJ5")):
        with pytest.raises(LinkError, match="is switched off"):
            command()


def test_killing_it_cuts_its_power(tmp_path: Path) -> None:
    virtual = start(load_board("stm32f7"), flash_file=tmp_path / "flash.bin")
    with number_held(virtual.port):
        virtual.kill()
        assert virtual.outcome is None
        wait_until_gone(virtual.port)


def test_errors_of_the_child_are_raised_here(tmp_path: Path) -> None:
    wrong = tmp_path / "flash.bin"
    wrong.write_bytes(b"short")
    with pytest.raises(
        BadInputError, match=r"flash\.bin is no flash contents of this board: 5 bytes"
    ) as caught:
        start(load_board("stm32f7"), flash_file=wrong)
    assert "delete this one" in caught.value.hint
    assert wrong.read_bytes() == b"short"


def test_without_unicorn_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingDependencyError) as caught:
        start(load_board("stm32f7"))
    assert "edgel3-deploy[emulator]" in caught.value.hint
