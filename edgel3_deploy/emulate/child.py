"""A virtual board as a child process, for commands that need one while they run."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

import edgel3_deploy
from edgel3_deploy import errors
from edgel3_deploy.boards.board import Board
from edgel3_deploy.emulate.options import Quirks, check_quirks
from edgel3_deploy.emulate.serve import check
from edgel3_deploy.errors import EdgeL3DeployError, LinkError

_STOP_SECONDS = 5.0


class VirtualBoard:
    """A running virtual board. Leaving the context switches it off.

    `port` is the path of its virtual COM port, `adapter_port` that of a serial adapter on the pins of the ROM
    bootloader's USART, None where those are the virtual COM port's or where the ROM does not answer.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: str, adapter_port: str | None = None) -> None:
        self._process = process
        self.port = port
        self.adapter_port = adapter_port

    def __enter__(self) -> VirtualBoard:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Switch it off; the port disappears, the flash file stays."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start(
    board: Board,
    *,
    flash_file: Path | None = None,
    image: Path | None = None,
    boot0: bool | None = None,
    quirks: Quirks | None = None,
    stderr: IO[bytes] | int | None = None,
) -> VirtualBoard:
    """Start `board` in a child process and return once its port can be opened; arguments as for `serve`.

    The child ends when this process does: its standard input, which nothing else holds open, ends then. Its
    messages go to `stderr`, by default this process's. Raises what `serve` raises, and LinkError if the child
    fails otherwise.
    """
    check(board)
    check_quirks(board, quirks or Quirks())
    root = str(Path(edgel3_deploy.__file__).parent.parent)
    search_path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        (sys.executable, "-m", "edgel3_deploy.emulate"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, "PYTHONPATH": search_path},
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    request = {
        "board": board,
        "flash_file": _absolute(flash_file),
        "image": _absolute(image),
        "boot0": boot0,
        "quirks": quirks,
    }
    try:
        pickle.dump(request, process.stdin)
        process.stdin.flush()
        answer = json.loads(process.stdout.readline() or b"{}")
    except (OSError, ValueError):
        answer = {}
    virtual = VirtualBoard(process, answer.get("vcp", ""), answer.get("adapter"))
    if not virtual.port:
        virtual.close()
        raise _error(board, answer)
    return virtual


def _absolute(path: Path | None) -> Path | None:
    return path.absolute() if path else None


def _error(board: Board, answer: dict[str, str]) -> EdgeL3DeployError:
    """What the child reported, as the error that it was there."""
    kind = getattr(errors, answer.get("error", ""), LinkError)
    message = answer.get("message", f"the virtual {board.name} did not start")
    return kind(message, answer.get("hint", "Run `edgel3-deploy emulate` by itself to see why."))
