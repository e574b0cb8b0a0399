"""Who has a serial port open (Linux: /proc; elsewhere nobody is found)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


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
    found = []
    for process in sorted((entry for entry in _entries(proc) if entry.name.isdigit()), key=_number):
        if any(_link(descriptor) == target for descriptor in _entries(process / "fd")):
            found.append(Holder(_number(process), _name(process)))
    return tuple(found)


def _number(process: Path) -> int:
    return int(process.name)


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
