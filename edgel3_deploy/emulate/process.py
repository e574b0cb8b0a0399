"""The child process of `child.start`.

On standard input comes a pickled request, then commands, one a line: a pin to look at, or "reset".
On standard output goes a line of JSON with the port, one for each command, and one at the end.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict

from edgel3_deploy.emulate.serve import Controls, serve
from edgel3_deploy.errors import EdgeL3DeployError, UsageError

RESET = "reset"
POWER_LOST = 75
"""Exit code when the board's power failed as was asked for."""


def main(arguments: list[str]) -> int:
    """Serve until the parent closes standard input, a signal comes, or power is lost; the exit code."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    request = pickle.load(sys.stdin.buffer)
    stop = threading.Event()

    def listen(controls: Controls | None) -> None:
        threading.Thread(target=_serve_input, args=(stop, controls), daemon=True).start()

    if not request["board"].emulator or request["board"].emulator.kind == "qemu":
        listen(None)
    try:
        outcome = serve(**request, ready=lambda ports: _answer(asdict(ports)), stop=stop, attach=listen)
    except EdgeL3DeployError as error:
        _answer(_described(error))
        return int(error.exit_code)
    _answer(asdict(outcome))
    return int(outcome.power_lost) and POWER_LOST


def _answer(fields: Mapping[str, str | int | None]) -> None:
    try:
        print(json.dumps(fields), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _serve_input(stop: threading.Event, controls: Controls | None) -> None:
    """Obey commands until the parent closes standard input."""
    # The descriptor, not the stream: a thread that waits inside the stream would hold its lock at exit.
    while command := os.read(sys.stdin.fileno(), 4096).decode().strip():
        try:
            _answer(_obey(command, controls))
        except EdgeL3DeployError as error:
            _answer(_described(error))
    stop.set()


def _obey(command: str, controls: Controls | None) -> dict[str, str | int]:
    if controls is None:
        raise UsageError(f"this virtual board does not know {command!r}", "Boards in QEMU have no pins.")
    if command == RESET:
        controls.press_reset()
        return {}
    return asdict(controls.pin(command))


def _described(error: EdgeL3DeployError) -> dict[str, str]:
    return {"error": type(error).__name__, "message": error.message, "hint": error.hint}
