"""QEMU's boards: the ELF runs in qemu-system-arm, whose own pseudo-terminal is the port."""

from __future__ import annotations

import ctypes
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.emulate.image import require_elf
from edgel3_deploy.errors import BadInputError, LinkError, MissingDependencyError

PROGRAM = "qemu-system-arm"
_PORT = re.compile(r"redirected to (\S+)")
_STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


def command(program: str, board: Board, image: Path) -> tuple[str, ...]:
    """The command line; with -icount, one instruction is one nanosecond of virtual time."""
    machine = board.emulator.machine if board.emulator else board.name
    options = ("-icount", "shift=0,sleep=off", "-serial", "pty", "-display", "none", "-monitor", "none")
    return (program, "-M", machine, "-kernel", str(image), *options)


def _end_with_parent() -> Callable[[], object] | None:
    """What QEMU does before it starts, so that it ends with this process however that ends; Linux only."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def run(board: Board, image: Path | None, ready: Callable[[str], None], stop: threading.Event) -> None:
    """Run `image` until `stop` is set; `ready` gets the port.

    Raises MissingDependencyError without QEMU, BadInputError without a usable image, LinkError if QEMU
    ends by itself.
    """
    if image is None:
        raise BadInputError(
            f"{board.name} has no flash to keep an image in", "Name the firmware.elf with --image."
        )
    program = shutil.which(PROGRAM)
    if program is None:
        raise MissingDependencyError(
            f"{PROGRAM} is not installed", "Install Debian's package qemu-system-arm."
        )
    process = subprocess.Popen(
        command(program, board, require_elf(image)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=_end_with_parent(),  # noqa: PLW1509
    )
    said: list[str] = []
    reader = threading.Thread(target=_listen, args=(process, said, ready, stop), daemon=True)
    reader.start()
    stop.wait()
    if process.poll() is not None:
        reader.join(_STOP_SECONDS)
        raise LinkError(
            f"QEMU ended: {' '.join(said).strip() or process.returncode}", "Build the firmware again."
        )
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _listen(
    process: subprocess.Popen[str], said: list[str], ready: Callable[[str], None], stop: threading.Event
) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        found = _PORT.search(line)
        if found:
            ready(found.group(1))
        else:
            said.append(line.strip())
    process.wait()
    stop.set()
