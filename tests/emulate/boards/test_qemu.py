from __future__ import annotations

import threading
from pathlib import Path

import pytest
import serial

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate import start
from edgel3_deploy.emulate.boards import qemu
from edgel3_deploy.errors import LinkError, MissingDependencyError
from tests.emulate.conftest import Build

BOARD = load_board("mps2-an500")


def test_counts_one_instruction_as_a_nanosecond() -> None:
    assert qemu.command("/bin/qemu", BOARD, Path("a.elf")) == (
        *("/bin/qemu", "-M", "mps2-an500", "-kernel", "a.elf", "-icount", "shift=0,sleep=off"),
        *("-serial", "pty", "-display", "none", "-monitor", "none"),
    )


def test_runs_the_image_behind_a_port(qemu: Path, monitor: Build) -> None:
    with start(BOARD, image=monitor("mps2")) as virtual:
        for _ in range(2):
            with serial.Serial(virtual.port, 115_200, timeout=60) as terminal:
                terminal.write(b"?")
                assert terminal.read_until(b"\n") == b"mps2\n"


def test_without_qemu_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(MissingDependencyError) as caught:
        qemu.run(BOARD, tmp_path / "a.elf", lambda _port: None, threading.Event())
    assert "qemu-system-arm" in caught.value.hint


def test_a_qemu_that_ends_by_itself(monkeypatch: pytest.MonkeyPatch, monitor: Build) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: "/bin/false")
    with pytest.raises(LinkError, match="QEMU ended"):
        qemu.run(BOARD, monitor("mps2"), lambda _port: None, threading.Event())
