"""Serial ports of this machine, and which of them looks like a board."""

from __future__ import annotations

from dataclasses import dataclass

from serial.tools import list_ports

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import LinkError

_STMICROELECTRONICS = 0x0483


@dataclass(frozen=True)
class PortInfo:
    """A serial port; what USB says about it is None or empty for a port without USB."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str
    description: str
    manufacturer: str


def serial_ports() -> tuple[PortInfo, ...]:
    """All serial ports, sorted by path."""
    return tuple(
        PortInfo(
            port.device,
            port.vid,
            port.pid,
            port.serial_number or "",
            port.description or "",
            port.manufacturer or "",
        )
        for port in sorted(list_ports.comports(), key=lambda port: str(port.device))
    )


def ports_for(board: Board) -> tuple[PortInfo, ...]:
    """The ports that may be `board`'s: those of an ST-LINK."""
    return tuple(port for port in serial_ports() if port.vid == _STMICROELECTRONICS)


def find_port(board: Board) -> str:
    """The one port that looks like `board`. Raises LinkError, listing what there is, unless it is one."""
    found = ports_for(board)
    if len(found) == 1:
        return found[0].device
    listed = ", ".join(f"{port.device} ({port.description})" for port in found or serial_ports())
    if found:
        raise LinkError(f"several ports look like {board.title}: {listed}", "Name one with --port.")
    raise LinkError(
        f"no port looks like {board.title}",
        f"Name it with --port. Serial ports here: {listed}." if listed else "Plug the board in.",
    )
