"""A board that is not what it should be, or that leaves in the middle: `flash` and `validate` say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.link import probe
from edgel3_deploy.link.port import open_port
from edgel3_deploy.pipeline.prepared import PreparedBuild, load_build
from tests.integration.conftest import Refused
from tests.link.fake_loader import FakeLoaderBoard
from tests.link.pty_device import PtyDevice
from tests.validate.prepared import board_for

Command = Callable[[str], list[str | Path]]
"""Arguments of a command for a port."""


@pytest.fixture
def build(built: Path) -> PreparedBuild:
    return load_build(built)


@pytest.fixture
def validate(built: Path, recording: Path, tmp_path: Path) -> Command:
    """Arguments of `validate` for a port."""
    files: list[str | Path] = ["--build-dir", built, "--audio", recording, "--report", tmp_path / "report"]
    return lambda port: ["validate", "--board", "stm32f7", "--port", port, *files, "--limit", "2"]


@pytest.fixture
def flash(built: Path) -> Command:
    """Arguments of `flash` for a port."""
    return lambda port: ["flash", "--board", "stm32f7", "--build-dir", built, "--port", port]


def test_absent(validate: Command, flash: Command, refused: Refused) -> None:
    for command in (validate, flash):
        for port in ("/dev/ttyNone", f"/dev/{300 * 'x'}"):
            assert "virtual" in refused(ExitCode.LINK, command(port), f"no port {port}")


def test_busy(validate: Command, flash: Command, build: PreparedBuild, refused: Refused) -> None:
    with board_for(build) as board, open_port(board.path, 115200):
        for command in (validate, flash):
            refused(ExitCode.LINK, command(board.path), board.path, "busy")


class Silent(PtyDevice):
    """Swallows everything."""

    def received(self, data: bytes) -> None:
        pass


def test_silent(validate: Command, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "USUAL_RATES", (9_600,))
    with Silent() as device:
        assert "BOOT0" in refused(ExitCode.LINK, validate(device.path), "no answer", device.path)


def test_another_protocol_version(validate: Command, build: PreparedBuild, refused: Refused) -> None:
    with board_for(build, version=77) as board:
        hint = refused(ExitCode.LINK, validate(board.path), "protocol version 77")
    assert "Build and flash" in hint


def test_unplugged_in_the_middle_of_a_validation(
    validate: Command, build: PreparedBuild, refused: Refused, tmp_path: Path
) -> None:
    report = tmp_path / "report" / "report.json"
    report.parent.mkdir()
    report.write_text("the earlier one")
    with board_for(build, unplug_at=10) as board:
        refused(ExitCode.LINK, validate(board.path), "unplugged")
    assert report.read_text() == "the earlier one"


def test_a_crash_in_the_middle(validate: Command, build: PreparedBuild, refused: Refused) -> None:
    with board_for(build, crash_at=10) as board:
        refused(ExitCode.LINK, validate(board.path), "crashed")


def test_another_board_is_not_erased(flash: Command, build: PreparedBuild, refused: Refused) -> None:
    with FakeLoaderBoard(build.board, identity={"board": "stm32h7"}) as board:
        refused(ExitCode.FLASH, flash(board.path), "is stm32h7, not stm32f7", "nothing was erased")
    assert board.operations == 0


def test_flash_that_keeps_no_data(flash: Command, build: PreparedBuild, refused: Refused) -> None:
    with FakeLoaderBoard(build.board, weak=frozenset({0x08018500})) as board:
        refused(ExitCode.FLASH, flash(board.path), "BAD_IMAGE")


def test_unplugged_in_the_middle_of_flashing(flash: Command, build: PreparedBuild, refused: Refused) -> None:
    with FakeLoaderBoard(build.board, unplug_at=12) as board:
        hint = refused(ExitCode.FLASH, flash(board.path), "unplugged", "while writing")
    assert "same command again" in hint


def test_a_blank_board(flash: Command, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "USUAL_RATES", (9_600,))
    with Silent() as device:
        hint = refused(ExitCode.FLASH, flash(device.path), f"no loader answers on {device.path}")
    assert "edgel3-deploy flash --board stm32f7 --via openocd" in hint


def test_a_board_that_computes_something_else(
    validate: Command, build: PreparedBuild, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = len(build.network.layers)
    with board_for(build, layers=lambda data: [bytes(8)] * layers) as board:
        code = run([str(word) for word in validate(board.path)])
    assert code == ExitCode.VALIDATION_FAILED
    assert "verdict: fail" in capsys.readouterr().out
