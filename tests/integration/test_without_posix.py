"""Commands that need no pseudo-terminal run where the modules and functions that only POSIX has are missing.

The modules stay for other packages: pyserial has another back end on Windows, which cannot be loaded here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import COMMANDS
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.report.write import write_report
from tests.head.datasets import make_esc50
from tests.report.sample import sample_report

PROGRAM = """
import builtins, os, signal, sys

MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
genuine = builtins.__import__

def guarded(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__", "")
    if name.split(".")[0] in MODULES and (importer == "__main__" or importer.startswith("edgel3_deploy")):
        raise ModuleNotFoundError(f"No module named {name!r} (as on Windows; {importer} asks)", name=name)
    return genuine(name, globals, locals, fromlist, level)

builtins.__import__ = guarded
for name in ("geteuid", "getuid", "killpg", "openpty", "O_NOFOLLOW", "sched_getaffinity", "ttyname"):
    delattr(os, name)
for name in ("SIGALRM", "SIGHUP", "SIGKILL", "alarm"):
    delattr(signal, name)
"""
RUN = PROGRAM + "from edgel3_deploy.cli.main import run\nsys.exit(run(sys.argv[1:]))\n"
IMPORT_ALL = (
    PROGRAM
    + """
import importlib, pkgutil, edgel3_deploy
for module in pkgutil.walk_packages(edgel3_deploy.__path__, "edgel3_deploy."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
)


def python(program: str, *arguments: str, cwd: Path | None = None, **environment: str) -> str:
    """The output of `program`, which must succeed."""
    code, out, err = attempt(program, *arguments, cwd=cwd, **environment)
    assert code == 0, err
    return out


def attempt(
    program: str, *arguments: str, cwd: Path | None = None, **environment: str
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `program`."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


def test_every_module_can_be_imported() -> None:
    python(IMPORT_ALL)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    assert f"edgel3-deploy {name}" in python(RUN, name, "--help")


def test_looking_around() -> None:
    assert len(json.loads(python(RUN, "boards", "--json")))
    assert "sea-64" in python(RUN, "models")
    assert attempt(RUN, "doctor", "--json")[0] in (ExitCode.OK, ExitCode.MISSING_DEPENDENCY)


def test_judging(tmp_path: Path) -> None:
    assert "verdict: fits" in python(RUN, "check", "bundled", "--board", "stm32f7")
    assert python(RUN, "plan", "bundled", "--board", "stm32f7")
    python(RUN, "explore", "--board", "stm32f7", "--model", "bundled", cwd=tmp_path)


def test_quantizing_and_embedding(recording: Path, tmp_path: Path) -> None:
    python(
        RUN, "quantize", "--model", "bundled", "--calibration", str(recording), "-o", "m.tflite", cwd=tmp_path
    )
    python(RUN, "embed", str(recording), "-m", "m.tflite", "-o", "out", "-j", "2", cwd=tmp_path)
    assert (tmp_path / "m.tflite").stat().st_size > 1000


def test_building(recording: Path, tmp_path: Path) -> None:
    place = ("--board", "stm32f7", "--model", "bundled", "--calibration", str(recording), "-o", "built")
    python(RUN, "build", *place, cwd=tmp_path)
    assert (tmp_path / "built" / "firmware.hex").exists()


def test_exporting_and_pruning(tmp_path: Path) -> None:
    python(
        RUN, "export", "--format", "c", "--model", "bundled", "--head", "bundled", "-o", "lib", cwd=tmp_path
    )
    assert (tmp_path / "lib" / "include" / "edgel3.h").exists()
    python(
        RUN, "prune", "--model", "bundled", "--structured", "--sparsity", "half", "-o", "p.h5", cwd=tmp_path
    )
    assert (tmp_path / "p.h5").exists()


def test_training_a_head(tmp_path: Path) -> None:
    make_esc50(tmp_path / "data")
    data = ("--data", "data", "--format", "esc50", "--model", "bundled")
    python(RUN, "head", "train", *data, "-o", "head.npz", "--hold-out", "3", "--hidden", "none", cwd=tmp_path)
    assert "accuracy 100.0 %" in python(RUN, "head", "test", "head.npz", *data, cwd=tmp_path)


def test_comparing_reports(tmp_path: Path) -> None:
    write_report(sample_report(), tmp_path / "a")
    assert python(RUN, "report", "diff", "a", "a", cwd=tmp_path) == "no difference but the time\n"


def test_building_without_make_says_what_to_install(recording: Path, tmp_path: Path) -> None:
    place = ("--board", "stm32f7", "--model", "bundled", "--calibration", str(recording), "-o", "built")
    code, _, err = attempt(RUN, "build", *place, cwd=tmp_path, PATH="")
    assert code == ExitCode.TOOLCHAIN
    assert "is not installed" in err
    assert "Traceback" not in err


def test_flashing_asks_the_port(built: Path) -> None:
    place = ("--board", "stm32f7", "--build-dir", str(built), "--port", "COM7")
    code, _, err = attempt(RUN, "flash", *place)
    assert code == ExitCode.LINK
    assert "there is no port COM7" in err


@pytest.mark.parametrize("command", ["validate", "listen", "settings"])
def test_whoever_speaks_to_a_board_asks_the_port(command: str, built: Path, recording: Path) -> None:
    place = ["--board", "stm32f7", "--build-dir", str(built), "--port", "COM7"]
    sound = [] if command == "settings" else ["--audio", str(recording)]
    code, _, err = attempt(RUN, command, *place, *sound)
    assert code == ExitCode.LINK
    assert "there is no port COM7" in err


def test_virtual_boards_say_what_they_need() -> None:
    code, _, err = attempt(RUN, "emulate", "--board", "stm32f7")
    assert code == ExitCode.MISSING_DEPENDENCY
    assert "pseudo-terminals" in err
