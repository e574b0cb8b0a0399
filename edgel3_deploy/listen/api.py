"""Listening from Python programs and notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path

from edgel3_deploy.boards import load_board
from edgel3_deploy.errors import UsageError
from edgel3_deploy.listen.heard import Event
from edgel3_deploy.listen.session import listening
from edgel3_deploy.pipeline.prepared import PreparedBuild, load_build, load_build_for

BUILDS = Path("build")
"""Where builds are unless another folder is named."""


def listen_to(
    port: str,
    board: str | None = None,
    *,
    audio: str | PathLike[str] | None = None,
    paced: bool = False,
    seconds: float | None = None,
    windows: int | None = None,
    build_dir: str | PathLike[str] | None = None,
) -> Iterator[Event]:
    """What a sensor hears, window by window: `Heard` and now and then `Summed`
    (`edgel3_deploy.listen.heard`).

    `port` is a serial port, "auto" or "virtual". The board runs the build in `build_dir`, by default in
    build/BOARD, or the only one in build/ if no board is named. Without `audio` the sensor that runs is
    joined from its newest window on, and listening ends after `seconds` of sound or so many `windows`, or
    when the iterator is closed. With `audio` the sensor begins anew, hears that recording, `paced` in real
    time or as fast as the board computes, and ends with it. The port is free again when the iterator ends.

    Raises UsageError, BadInputError or LinkError when the first window is asked for, LinkError later too.
    """
    build = find_build(board, Path(fspath(build_dir)) if build_dir is not None else None)
    recording = Path(fspath(audio)) if audio is not None else None
    with listening(build, port, audio=recording, paced=paced) as heard:
        yield from heard.events(seconds, windows)


def find_build(board_name: str | None, directory: Path | None) -> PreparedBuild:
    """The build of a board in `directory`, by default in BUILDS, or the only one there if none is named.

    Raises UsageError if it stays open which one is meant, and what `load_build_for` raises.
    """
    if board_name is not None:
        board = load_board(board_name)
        return load_build_for(board, directory if directory is not None else BUILDS / board.name)
    if directory is None:
        found = sorted(path.parent for path in BUILDS.glob("*/manifest.json"))
        if len(found) != 1:
            names = ", ".join(map(str, found)) or "none"
            raise UsageError(
                f"which build does the board run? There are: {names}",
                "Name the board, or the folder of its build.",
            )
        directory = found[0]
    return load_build(directory)
