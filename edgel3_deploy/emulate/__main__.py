"""The child process of `child.start`.

On standard input comes a pickled request, then names of pins to look at, one a line; on standard output goes
a line of JSON with the port, one for each pin, and one at the end.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict

from edgel3_deploy.emulate.serve import serve
from edgel3_deploy.emulate.stm32.gpio import Pin
from edgel3_deploy.errors import EdgeL3DeployError, UsageError

POWER_LOST = 75
"""Exit code when the board's power failed as was asked for."""


def main() -> int:
    """Serve until the parent closes standard input, a signal comes, or power is lost; the exit code."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    request = pickle.load(sys.stdin.buffer)
    stop = threading.Event()

    def listen(pin: Callable[[str], Pin]) -> None:
        threading.Thread(target=_serve_input, args=(stop, pin), daemon=True).start()

    if not request["board"].emulator or request["board"].emulator.kind == "qemu":
        listen(_no_pin)
    try:
        outcome = serve(**request, ready=lambda port: _answer({"port": port}), stop=stop, probe=listen)
    except EdgeL3DeployError as error:
        _answer(_described(error))
        return int(error.exit_code)
    _answer(asdict(outcome))
    return int(outcome.power_lost) and POWER_LOST


def _answer(fields: Mapping[str, str | int]) -> None:
    try:
        print(json.dumps(fields), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _serve_input(stop: threading.Event, pin: Callable[[str], Pin]) -> None:
    """Answer for pins until the parent closes standard input."""
    # The descriptor, not the stream: a thread that waits inside the stream would hold its lock at exit.
    while name := os.read(sys.stdin.fileno(), 4096).decode().strip():
        try:
            _answer(asdict(pin(name)))
        except EdgeL3DeployError as error:
            _answer(_described(error))
    stop.set()


def _no_pin(name: str) -> Pin:
    raise UsageError(f"the pin {name!r} of this virtual board cannot be looked at")


def _described(error: EdgeL3DeployError) -> dict[str, str]:
    return {"error": type(error).__name__, "message": error.message, "hint": error.hint}


if __name__ == "__main__":
    sys.exit(main())
