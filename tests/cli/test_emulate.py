from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run

pytest.importorskip("unicorn")


def ports(repository: Path, *options: str) -> dict[str, str | None]:
    """What `emulate --json` prints of a board that is switched off directly afterwards."""
    process = subprocess.Popen(
        (sys.executable, "-m", "edgel3_deploy", "emulate", "--json", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=repository,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("board", "has_adapter"), [("stm32f7", False), ("nucleo-f767zi", True)])
def test_the_bootloader_s_pins_are_a_port_of_their_own(
    repository: Path, board: str, has_adapter: bool
) -> None:
    found = ports(repository, "--board", board)
    assert found["board"] == board
    assert found["port"] is not None
    assert (found["adapter"] is not None) == has_adapter
    assert found["adapter"] != found["port"]


def test_the_silicon_can_be_chosen(repository: Path) -> None:
    options = ("--board", "stm32h7", "--pace", "real", "--rom-version", "0x90", "--revision", "Y")
    assert ports(repository, *options)["adapter"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--rom-version", "new"), "'new' is no byte such as 0x90"),
        (("--rom-version", "0x42"), "there is no ROM bootloader 0x42 for stm32f7"),
        (("--revision", "Y"), "stm32f7 has no silicon revision Y"),
        (("--board", "mps2-an500", "--microphone", "any.wav"), "mps2-an500 has no microphone"),
    ],
)
def test_what_the_board_cannot_be_is_a_usage_error(
    options: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["emulate", "--board", "stm32f7", *options]) == 2
    assert complaint in capsys.readouterr().err
