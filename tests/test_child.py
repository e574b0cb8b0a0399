"""Children see the modules that this process sees, and none of the current folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from edgel3_deploy.child import python_command


@pytest.mark.parametrize("module", ["edgel3_deploy.reference.tflm", "edgel3_deploy.quantize.convert"])
def test_modules_in_the_current_folder_are_not_imported(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("numpy", "json", "tensorflow", "edgel3_deploy", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open('{tmp_path}/imported', 'w'); raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    monkeypatch.setenv("PYTHONPATH", f".{os.pathsep}{tmp_path}")
    subprocess.run(
        (*python_command(module), "a", "b"), input=b"", capture_output=True, check=False, timeout=60
    )
    assert not (tmp_path / "imported").exists()


def test_arguments_and_the_exit_code_arrive(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text("def main(arguments):\n    print(arguments)\n    return 5\n")
    command = python_command("elsewhere")
    cut = command.index("--")
    done = subprocess.run(
        (*command[:cut], str(tmp_path), "--", "a b", "--"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (5, "['a b', '--']\n")
