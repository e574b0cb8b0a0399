"""Who has a serial port open: from /proc on Linux, elsewhere from lsof."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LSOF_SECONDS = 5.0


@dataclass(frozen=True)
class Holder:
    """A process that has the port open."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def holders(path: str, proc: Path = Path("/proc")) -> tuple[Holder, ...]:
    """The processes that have `path` open, by pid; those of other users are visible to root only."""
    target = os.path.realpath(path)
    found = _from_proc(target, proc) if (proc / "self").exists() else _from_lsof(target)
    return tuple(sorted(found, key=lambda holder: holder.pid))


def _from_proc(target: str, proc: Path) -> Iterator[Holder]:
    for process in _entries(proc):
        if process.name.isdigit() and any(
            _link(descriptor) == target for descriptor in _entries(process / "fd")
        ):
            yield Holder(int(process.name), _name(process))


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _link(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(errors="replace").strip()
    except OSError:
        return "a process"


def _from_lsof(target: str) -> Iterator[Holder]:
    """Read `lsof -F pc`: a line p and the pid, then a line c and the name."""
    program = shutil.which("lsof")
    if program is None:
        return
    try:
        done = subprocess.run(
            [program, "-F", "pc", "--", target],
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
