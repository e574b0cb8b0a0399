"""`flash` says in a line what was done, and in another what the board itself reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgel3_deploy.cli import main
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.link.discover import PORTS_VARIABLE
from edgel3_deploy.pipeline import prepared
from tests.flash.applications import write_build
from tests.flash.test_flasher import BOARD
from tests.link.fake_loader import FakeLoaderBoard


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build = write_build(tmp_path, BOARD)
    monkeypatch.setattr(prepared, "load_build_for", lambda board, directory: build)
    return tmp_path


def test_one_line_for_the_work_and_one_for_the_comparison(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeLoaderBoard(BOARD) as board:
        assert main.run(["flash", "--board", BOARD.name, "--port", board.path]) == ExitCode.OK
        said = capsys.readouterr()
    first, second = said.out.splitlines()
    assert first == "nucleo-f767zi: 70,001 bytes written to 2 erased sectors and verified (loader)"
    assert second.startswith("nucleo-f767zi: runs this build from slot 0: the board itself reports CRC 0x")
    assert f"flashing through the loader on {board.path}" in said.err


def test_the_port_is_found_by_itself(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeLoaderBoard(BOARD) as board:
        monkeypatch.setenv(PORTS_VARIABLE, f"{board.path}:0483:374b")
        assert main.run(["flash", "--board", BOARD.name, "--port", "auto", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["confirmed_by_board"] is True


def test_no_port_says_what_to_do(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(PORTS_VARIABLE, "")
    assert main.run(["flash", "--board", BOARD.name]) == ExitCode.LINK
    said = capsys.readouterr().err
    assert "--port" in said
    assert "--via openocd" in said
