"""`edgel3-deploy settings` against a board: reading, changing, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.link import codec
from edgel3_deploy.link.protocol import ErrorCode
from edgel3_deploy.link.settings import setting_names
from tests.flash.test_virtual import build_small
from tests.link.fake_board import FakeBoard
from tests.link.fake_loader import FakeLoaderBoard

NAMES = {key: (name, setting) for name, (key, setting) in setting_names().items()}


class Board(FakeBoard):
    """A board with settings; with `is_kept` 0 one that has no flash for them."""

    def __init__(self, *, is_kept: int = 1, **options: Any) -> None:
        super().__init__(**options)
        self.values = {key: setting.default for key, (_, setting) in NAMES.items()}
        self.is_kept = is_kept

    def _read_setting(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        return {"value": self.values[int(str(values["key"]))], "is_kept": self.is_kept}

    def _write_setting(self, values: Mapping[str, codec.Value]) -> Mapping[str, codec.Value] | ErrorCode:
        self.values[int(str(values["key"]))] = int(str(values["value"]))
        return self._read_setting(values)


def test_all_settings_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    with Board() as board:
        board.values[0x20 + 3] = 200
        assert run(["settings", "--port", board.path]) == 0
    shown = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:3] for line in shown.splitlines() if line}
    assert rows["hop"] == ["1000", "ms"]
    assert rows["threshold_on.3"] == ["200", "1/256"]
    assert "threshold_on.4" not in shown
    assert "All others have their defaults: threshold_on.N (128), threshold_off.N (102)." in shown


def test_settings_are_changed_and_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    with Board() as board:
        assert run(["settings", "--port", board.path, "hop=500", "calibration=-250"]) == 0
        assert (board.values[1], board.values[4]) == (500, -250)
    assert capsys.readouterr().out.splitlines() == ["hop: 1000 -> 500 ms", "calibration: 0 -> -250 1/100 dB"]


def test_json_holds_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with Board() as board:
        assert run(["settings", "--board", "stm32f7", "--port", board.path, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["is_kept"] is True
    assert content["settings"] == {name: setting.default for name, setting in NAMES.values()}


def test_a_board_without_flash_for_settings_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with Board(is_kept=0) as board:
        assert run(["settings", "--port", board.path, "hop=500"]) == 0
    assert "a reset brings the defaults back" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "problem", "hint"),
    [
        ("hopp=500", "there is no setting 'hopp'", "Did you mean 'hop'?"),
        ("threshold_on=3", "there is no setting 'threshold_on'", "threshold_on.0 to threshold_on.31"),
        ("xyzzy=1", "there is no setting 'xyzzy'", "Settings: hop, report_interval"),
        ("hop=5", "hop is 100 to 60000 ms, not 5", "from the start of one window"),
        ("hop=99999999999", "no change of a setting", "NAME=NUMBER"),
        ("hop", "'hop' is no change of a setting", "hop=500"),
        ("hop=1.5", "no change of a setting", "NAME=NUMBER"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    capsys: pytest.CaptureFixture[str], change: str, problem: str, hint: str
) -> None:
    with Board() as board:
        assert run(["settings", "--port", board.path, "gain=300", change]) == ExitCode.USAGE
        assert board.requests == []
    shown = capsys.readouterr().err
    assert problem in shown
    assert hint in shown


def test_a_setting_given_twice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "--port", "/dev/null", "hop=500", "hop=600"]) == ExitCode.USAGE
    assert "'hop' is given twice" in capsys.readouterr().err


def test_the_loader_has_no_settings(capsys: pytest.CaptureFixture[str]) -> None:
    from edgel3_deploy.boards import load_board

    with FakeLoaderBoard(load_board("stm32f7")) as board:
        assert run(["settings", "--port", board.path]) == ExitCode.LINK
    assert "the loader answers on" in capsys.readouterr().err


def test_another_board_is_not_changed(capsys: pytest.CaptureFixture[str]) -> None:
    with Board() as board:
        assert run(["settings", "--board", "stm32h7", "--port", board.path, "hop=500"]) == ExitCode.LINK
        assert board.values[1] == 1000
    assert "is stm32f7, not stm32h7; nothing was changed" in capsys.readouterr().err


def test_auto_needs_to_know_the_board(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "--port", "auto"]) == ExitCode.USAGE
    assert (
        "Add --board mps2-an500, --board nucleo-f767zi, --board stm32f7 or --board stm32h7."
        in capsys.readouterr().err
    )


def test_a_refusal_of_the_flash_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with Board(refuse={"write_setting": ErrorCode.FLASH_FAILED}) as board:
        assert run(["settings", "--port", board.path, "hop=500"]) == ExitCode.LINK
    assert "its flash takes no settings, the old value stands (FLASH_FAILED)" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["auto", "virtual"])
def test_a_port_that_depends_on_the_board_needs_one(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "--port", port]) == ExitCode.USAGE
    assert f"--port {port} does not say which board is meant" in capsys.readouterr().err


def test_the_virtual_board_of_a_build_keeps_what_it_was_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_small("stm32f7", tmp_path)
    place = ["--board", "stm32f7", "--port", "virtual", "--build-dir", str(tmp_path / "stm32f7")]
    assert run(["settings", *place]) == ExitCode.LINK
    assert "was never flashed" in capsys.readouterr().err
    assert run(["flash", *place]) == 0
    assert run(["settings", *place, "node_id=7"]) == 0
    capsys.readouterr()
    assert run(["settings", *place, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["node_id"] == 7
