"""`edgel3-deploy doctor`: table, JSON, and the exit code that says whether virtual boards will work."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.link.discover import PORTS_VARIABLE
from tests.link.fake_loader import FakeLoaderBoard


@pytest.fixture(autouse=True)
def no_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is plugged in."""
    monkeypatch.setenv(PORTS_VARIABLE, "")


@pytest.fixture
def loader() -> Iterator[FakeLoaderBoard]:
    """A board whose loader waits for an image."""
    with FakeLoaderBoard(load_board("nucleo-f767zi")) as board:
        yield board


def test_shows_sections_and_a_verdict(capsys: pytest.CaptureFixture[str], arm_gcc: Path) -> None:
    assert run(["doctor"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if not line.startswith(" ")] == [
        "python",
        "programs",
        "ports",
        "ready: everything that virtual boards need is here",
    ]
    assert "arm-none-eabi-gcc" in shown


def test_lacking_tools_are_an_exit_code_and_not_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["doctor"]) == ExitCode.MISSING_DEPENDENCY
    shown = capsys.readouterr()
    assert shown.out.endswith("missing, even for virtual boards: make, arm-none-eabi-gcc\n")
    assert "Error" not in shown.err


def test_json_holds_every_finding(capsys: pytest.CaptureFixture[str], arm_gcc: Path) -> None:
    assert run(["doctor", "--json"]) == ExitCode.OK
    report = json.loads(capsys.readouterr().out)
    assert report["ready"] is True
    findings = {finding["name"]: finding for finding in report["findings"]}
    assert findings["arm-none-eabi-gcc"]["version"]
    assert findings["openocd"]["install"]["brew"] == "brew install open-ocd"
    assert all(
        {"section", "name", "status", "needed", "detail", "remedy"} <= set(f) for f in findings.values()
    )


def test_a_board_is_looked_for_and_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, loader: FakeLoaderBoard
) -> None:
    monkeypatch.setenv(PORTS_VARIABLE, f"{loader.path}:0483:374b")
    run(["doctor", "--board", "nucleo-f767zi"])
    shown = capsys.readouterr().out
    assert "ways to program nucleo-f767zi" in shown
    assert "who answers" in shown
    assert "loader of nucleo-f767zi" in shown
    assert f"`edgel3-deploy flash --board nucleo-f767zi --port {loader.path}`" in shown


def test_a_port_that_is_no_stlinks_is_asked_when_it_is_named(
    capsys: pytest.CaptureFixture[str], loader: FakeLoaderBoard
) -> None:
    run(["doctor", "--board", "nucleo-f767zi", "--port", loader.path])
    assert "loader of nucleo-f767zi" in capsys.readouterr().out


def test_a_virtual_board_has_no_port_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--board", "stm32f7", "--port", "virtual"]) == ExitCode.USAGE
    assert "Leave --port out" in capsys.readouterr().err


def test_a_port_without_a_board_is_a_usage_error() -> None:
    assert run(["doctor", "--port", "/dev/ttyUSB0"]) == ExitCode.USAGE


def test_windows_is_told_where_to_go(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert run(["doctor", "--board", "stm32f7"]) == ExitCode.MISSING_DEPENDENCY
    assert "WSL 2" in capsys.readouterr().out


def test_an_unknown_board_is_a_usage_error() -> None:
    assert run(["doctor", "--board", "stm32f8"]) == ExitCode.USAGE


def test_ports_that_are_declared_wrongly_are_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORTS_VARIABLE, "nonsense")
    assert run(["doctor"]) == ExitCode.USAGE
