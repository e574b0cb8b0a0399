from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate import start
from edgel3_deploy.errors import BadInputError, MissingDependencyError

pytest.importorskip("unicorn")
PARENT = """
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate import start
import time
print(start(load_board("stm32f7")).port, flush=True)
time.sleep(60)
"""


def wait_until_gone(path: str) -> None:
    deadline = time.monotonic() + 10
    while Path(path).exists():
        assert time.monotonic() < deadline, f"{path} is still there"
        time.sleep(0.01)


def test_the_port_exists_while_the_board_runs() -> None:
    with start(load_board("stm32f7")) as virtual:
        assert Path(virtual.port).exists()
    wait_until_gone(virtual.port)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_board_ends_with_its_parent(number: signal.Signals, repository: Path) -> None:
    parent = subprocess.Popen(
        (sys.executable, "-c", PARENT), stdout=subprocess.PIPE, text=True, cwd=repository
    )
    assert parent.stdout is not None
    port = parent.stdout.readline().strip()
    assert Path(port).exists()
    os.kill(parent.pid, number)
    parent.wait()
    wait_until_gone(port)
    parent.stdout.close()


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
