"""The whole examination: machine, ports, and one board if it is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgel3_deploy.boards.board import Board
from edgel3_deploy.doctor.finding import Finding
from edgel3_deploy.doctor.packages import examine_python
from edgel3_deploy.doctor.ports import examine_ports
from edgel3_deploy.doctor.programs import examine_programs
from edgel3_deploy.progress import Progress, silent


@dataclass(frozen=True)
class Report:
    """All findings, in the order in which they are to be read."""

    findings: tuple[Finding, ...]

    @property
    def lacking(self) -> tuple[Finding, ...]:
        """What is missing and needed, even for virtual boards."""
        return tuple(finding for finding in self.findings if finding.needed and finding.status == "missing")

    def to_json(self) -> dict[str, Any]:
        """`ready` says whether nothing that is needed is missing."""
        return {
            "ready": not self.lacking,
            "platform": sys.platform,
            "findings": [finding.to_json() for finding in self.findings],
        }


def examine(board: Board | None = None, port: str | None = None, progress: Progress = silent) -> Report:
    """Look at this machine and, with `board`, at what its ways of programming need and who answers.

    It is asked on `port`, by default on every port that may be the board's.
    Raises UsageError if the variable EDGEL3_DEPLOY_PORTS cannot be read.
    """
    return Report(tuple(_findings(board, port, progress)))


def _findings(board: Board | None, port: str | None, progress: Progress) -> Iterator[Finding]:
    in_qemu = board is not None and board.emulator is not None and board.emulator.kind == "qemu"
    if sys.platform == "win32":
        yield Finding(
            "python",
            "Windows",
            "missing",
            "building, flashing and virtual boards need a POSIX system",
            "Work in WSL 2 and hand it the board with usbipd (docs/boards.md).",
            True,
        )
    yield from examine_python(frozenset({"unicorn"}) if in_qemu else frozenset())
    progress("looking for programs")
    yield from examine_programs(frozenset({"qemu-system-arm"}) if in_qemu else frozenset())
    progress("looking for ports")
    yield from examine_ports()
    if board is not None and sys.platform != "win32":
        from edgel3_deploy.doctor.ask import ask, ports_to_ask
        from edgel3_deploy.doctor.ways import examine_ways

        yield from examine_ways(board)
        for device in ports_to_ask(board) if port is None else (port,):
            progress(f"asking {device} who it is")
            yield ask(board, device)
