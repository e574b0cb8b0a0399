"""The child process of `child.start`: a pickled request on stdin, a line of JSON on stdout."""

from __future__ import annotations

import json
import logging
import os
import pickle
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict

from edgel3_deploy.emulate.serve import serve
from edgel3_deploy.errors import EdgeL3DeployError


def main() -> int:
    """Serve until the parent closes standard input or a signal comes; the exit code."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    request = pickle.load(sys.stdin.buffer)
    stop = threading.Event()
    threading.Thread(target=_await_end_of_input, args=(stop,), daemon=True).start()
    try:
        serve(**request, ready=lambda ports: _answer(asdict(ports)), stop=stop)
    except EdgeL3DeployError as error:
        _answer({"error": type(error).__name__, "message": error.message, "hint": error.hint})
        return int(error.exit_code)
    return 0


def _answer(fields: Mapping[str, str | None]) -> None:
    try:
        print(json.dumps(fields), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _await_end_of_input(stop: threading.Event) -> None:
    # The descriptor, not the stream: a thread that waits inside the stream would hold its lock at exit.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
