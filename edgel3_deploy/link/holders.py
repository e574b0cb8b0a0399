"""Which programs have a port open."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_LSOF_SECONDS = 5.0


@dataclass(frozen=True)
class Holder:
    """A process that has a port open; `program` is empty where its name may not be read."""

    pid: int
    program: str

    def __str__(self) -> str:
        return f"{self.program or 'a program'} (pid {self.pid})"


def port_holders(path: str) -> tuple[Holder, ...]:
    """The other processes that have `path` open, by pid.

    From /proc on Linux, elsewhere from `lsof`. The processes of other users stay hidden without privileges:
    an empty answer does not say that the port is free.
    """
    device = os.path.realpath(path)
    found = _from_proc(device) if _PROC.joinpath("self", "fd").exists() else _from_lsof(device)
    return tuple(
        sorted((holder for holder in found if holder.pid != os.getpid()), key=lambda holder: holder.pid)
    )


def describe_holders(path: str) -> str:
    """Who has `path` open, such as "picocom (pid 4711)"; empty if that cannot be seen."""
    return ", ".join(str(holder) for holder in port_holders(path))


def _from_proc(device: str) -> Iterator[Holder]:
    for process in _PROC.iterdir():
        if process.name.isdigit() and _has_open(process, device):
            yield Holder(int(process.name), _program(process))


def _has_open(process: Path, device: str) -> bool:
    # A process may end, or be another user's, at any of these steps.
    with contextlib.suppress(OSError):
        for descriptor in process.joinpath("fd").iterdir():
            with contextlib.suppress(OSError):
                if os.readlink(descriptor) == device:  # noqa: PTH115 - Path.readlink would build a path
                    return True
    return False


def _program(process: Path) -> str:
    with contextlib.suppress(OSError):
        return process.joinpath("comm").read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _from_lsof(device: str) -> Iterator[Holder]:
    """Parse `lsof -F pc`: a line p<pid>, then c<program>."""
    program = shutil.which("lsof")
    if program is None:
        return
    try:
        done = subprocess.run(
            [program, "-F", "pc", "--", device],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LSOF_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    pid = None
    for line in done.stdout.splitlines():
        if line.startswith("p") and line[1:].isdigit():
            pid = int(line[1:])
        elif line.startswith("c") and pid is not None:
            yield Holder(pid, line[1:])
            pid = None
