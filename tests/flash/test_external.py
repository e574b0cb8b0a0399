"""Tools that hang or cannot be started end in one line, not in a traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.errors import EdgeL3DeployError, FlashError, MissingDependencyError
from edgel3_deploy.flash.external import run_tool


def test_the_tool_runs_in_the_given_folder_with_exactly_these_arguments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Any] = []

    def record(arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        seen.append((arguments, options["cwd"]))
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(subprocess, "run", record)
    run_tool(["openocd", "-c", "program x verify"], tmp_path, "package")
    assert seen == [(["openocd", "-c", "program x verify"], tmp_path)]


@pytest.mark.parametrize(
    ("failure", "kind", "message"),
    [
        (FileNotFoundError(2, "No such file"), MissingDependencyError, "openocd is not installed"),
        (
            PermissionError(13, "Permission denied"),
            FlashError,
            "openocd cannot be started: Permission denied",
        ),
        (subprocess.TimeoutExpired("openocd", 600), FlashError, "openocd does not come to an end"),
    ],
)
def test_a_tool_that_does_not_run(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    failure: Exception,
    kind: type[EdgeL3DeployError],
    message: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(kind, match=message):
        run_tool(["openocd"], tmp_path, "Debian package openocd")


def test_a_tool_that_fails_without_a_word_shows_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 3, "", ""))
    with pytest.raises(FlashError, match="pyocd failed: exit code 3"):
        run_tool(["pyocd"], tmp_path, "package")
