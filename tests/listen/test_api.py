"""Listening from Python."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

import edgel3_deploy
from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.port import open_port
from edgel3_deploy.listen import api
from edgel3_deploy.listen.heard import Heard
from edgel3_deploy.pipeline.prepared import PreparedBuild
from tests.listen.sensor import SensorBoard


@pytest.fixture(autouse=True)
def found(build: PreparedBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "find_build", lambda board, folder: build)


def test_a_loop_over_windows(build: PreparedBuild) -> None:
    with SensorBoard(build, windows=9) as board:
        windows = list(edgel3_deploy.listen_to(board.path, seconds=3))
    assert [window.record.sequence for window in windows if isinstance(window, Heard)] == [9, 10, 11]


def test_a_recording_is_played(build: PreparedBuild, recording: Path) -> None:
    with SensorBoard(build) as board:
        assert len(list(edgel3_deploy.listen_to(board.path, audio=str(recording)))) == 3


def test_the_port_is_free_again_when_the_loop_ends(build: PreparedBuild) -> None:
    with SensorBoard(build) as board:
        windows = edgel3_deploy.listen_to(board.path)
        next(windows)
        with pytest.raises(LinkError, match="busy"):
            open_port(board.path, 115_200)
        assert isinstance(windows, Generator)
        windows.close()
        open_port(board.path, 115_200).close()
