"""Boards, and stand-ins for the SWD tools."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board


@pytest.fixture(scope="session")
def stm32f7() -> Board:
    return load_board("stm32f7")


@pytest.fixture(scope="session")
def stm32h7() -> Board:
    return load_board("stm32h7")


@pytest.fixture(scope="session")
def nucleo() -> Board:
    return load_board("nucleo-f767zi")


class FakeTool:
    """Scripts on PATH that stand in for OpenOCD and pyOCD; `calls` are their argument lists."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "calls.jsonl"

    @property
    def calls(self) -> list[list[str]]:
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def install(self, name: str, behaviour: str) -> None:
        """Install `name`; `behaviour` is Python that knows `argv`, `script` (its words) and a file `chip`."""
        path = self._folder / name
        path.write_text(
            f"#!{sys.executable}\n"
            "import json, pathlib, re, sys\n"
            "argv = [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]\n"
            f"with open({str(self._log)!r}, 'a') as log:\n"
            "    log.write(json.dumps(argv) + '\\n')\n"
            "script = ' '.join(argv)\n"
            f"chip = pathlib.Path({str(self._folder / 'chip.bin')!r})\n"
            f"{behaviour}\n"
        )
        path.chmod(0o755)


@pytest.fixture
def fake_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTool:
    """No tools but those that the test installs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return FakeTool(folder)
