"""Completion of boards, models and ports, as a shell asks for it: nothing else is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.link.discover import PORTS_VARIABLE
from edgel3_deploy.models.family import FAMILY


def complete(line: str, cwd: Path) -> list[str]:
    """What bash is offered for the last word of `line`: kind and value."""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-m", "edgel3_deploy"],
        env={
            **os.environ,
            "_EDGEL3_DEPLOY_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
            PORTS_VARIABLE: "/dev/ttyACM7:0483:374b",
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("edgel3-deploy bui", ["plain,build"]),
        ("edgel3-deploy build --board stm", ["plain,stm32f7", "plain,stm32h7", "file,stm"]),
        ("edgel3-deploy boards show nuc", ["plain,nucleo-f767zi", "file,nuc"]),
        ("edgel3-deploy build -b stm32f7 --model bun", ["plain,bundled", "file,bun"]),
        ("edgel3-deploy check sea-6", ["plain,sea-64", "file,sea-6"]),
        (
            "edgel3-deploy flash -b stm32f7 --port ",
            ["plain,auto", "plain,virtual", "plain,/dev/ttyACM7", "file,"],
        ),
        ("edgel3-deploy build --optimize s", ["plain,speed", "plain,size"]),
    ],
)
def test_bash_is_offered(line: str, values: list[str], tmp_path: Path) -> None:
    assert complete(line, tmp_path) == values


def test_weights_to_pull_are_the_family(tmp_path: Path) -> None:
    assert complete("edgel3-deploy models pull ", tmp_path) == [f"plain,{member.name}" for member in FAMILY]


def test_a_port_list_that_cannot_be_read_completes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgel3_deploy.cli.completion import complete_port

    monkeypatch.setenv(PORTS_VARIABLE, "nonsense:::")
    unused: Any = None
    assert [item.type for item in complete_port(unused, unused, "")] == ["file"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_each_shell(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edgel3_deploy"],
        env={**os.environ, "_EDGEL3_DEPLOY_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "edgel3-deploy" in done.stdout
    assert "Traceback" not in done.stderr
