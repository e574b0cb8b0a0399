"""Which serial ports this machine has, and which of them is the board's: what `--port auto` means.

The virtual COM port of an on-board ST-LINK is known by its USB ids. Product ids as in OpenOCD's
interface/stlink.cfg and src/jtag/drivers/stlink_usb.c.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from serial.tools import list_ports

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import LinkError, UsageError

PORTS_VARIABLE = "EDGEL3_DEPLOY_PORTS"
"""Environment variable whose ports, "DEVICE:VID:PID,..." with hexadecimal ids, stand in for the machine's."""

Probe = Literal["ST-LINK/V2-1", "STLINK-V3"]
"""The debuggers on ST's boards that have a virtual COM port."""

STMICROELECTRONICS = 0x0483
"""USB vendor id."""

STLINKS: Mapping[int, Probe] = {
    0x374B: "ST-LINK/V2-1",
    0x3752: "ST-LINK/V2-1",
    0x374E: "STLINK-V3",
    0x374F: "STLINK-V3",
    0x3753: "STLINK-V3",
    0x3754: "STLINK-V3",
    0x3757: "STLINK-V3",
}
"""What USB product ids say."""

_BOARDS: Mapping[Probe, tuple[str, ...]] = {
    "ST-LINK/V2-1": ("nucleo-f767zi", "stm32f7"),
    "STLINK-V3": ("stm32h7",),
}
"""Built-in boards by the ST-LINK that is soldered on them."""


@dataclass(frozen=True)
class PortInfo:
    """A serial port: `device` is what opens it; USB ids are None, and texts empty, where there are none."""

    device: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str = ""
    manufacturer: str = ""
    description: str = ""

    @property
    def probe(self) -> Probe | None:
        """The ST-LINK whose virtual COM port this is; None for any other port."""
        return STLINKS.get(self.pid) if self.vid == STMICROELECTRONICS and self.pid is not None else None

    @property
    def usb_id(self) -> str:
        """USB ids as "0483:374b"; empty if it is no USB port."""
        return "" if self.vid is None or self.pid is None else f"{self.vid:04x}:{self.pid:04x}"


def serial_ports() -> tuple[PortInfo, ...]:
    """The serial ports of this machine, sorted by device, or those that `EDGEL3_DEPLOY_PORTS` declares.

    Raises UsageError if that variable cannot be read.
    """
    declared = os.environ.get(PORTS_VARIABLE)
    found = _machine_ports() if declared is None else _declared_ports(declared)
    return tuple(sorted(found, key=lambda port: port.device))


def likely_boards(port: PortInfo) -> tuple[str, ...]:
    """Names of the built-in boards that carry the ST-LINK behind `port`; empty if there is none behind it."""
    return _BOARDS[port.probe] if port.probe is not None else ()


def find_port(board: Board) -> str:
    """The device of the only port that can be `board`'s.

    Of several ST-LINKs the one is taken that looks like the board, if no other does. Raises LinkError if
    there is none or if it stays open which one.
    """
    if board.debug is None:
        raise LinkError(f"{board.name} has no port: it exists only as a virtual board", "Use --port virtual.")
    ports = serial_ports()
    probes = [port for port in ports if port.probe is not None]
    if len(probes) > 1:
        probes = [port for port in probes if board.name in likely_boards(port)] or probes
    if len(probes) == 1:
        return probes[0].device
    if probes:
        raise LinkError(
            f"several ports may be the {board.title}'s: {_listed(probes)}",
            f"Name one: --port {probes[0].device}. "
            f"`edgel3-deploy doctor --board {board.name}` asks each who it is.",
        )
    here = f"; the serial ports here are {_listed(ports)}" if ports else "; there is no serial port at all"
    raise LinkError(
        f"no ST-LINK port was found for the {board.title}{here}",
        "Connect the board's ST-LINK socket with a USB cable that carries data, or name the port of another "
        "adapter with --port; `edgel3-deploy doctor` looks further.",
    )


def _listed(ports: Iterable[PortInfo]) -> str:
    return ", ".join(_named(port) for port in ports)


def _named(port: PortInfo) -> str:
    about = ", ".join(filter(None, (port.probe or port.description, port.usb_id)))
    if port.serial_number:
        about += f"{', ' if about else ''}serial number {port.serial_number}"
    return f"{port.device} ({about})" if about else port.device


def _machine_ports() -> list[PortInfo]:
    return [
        PortInfo(
            device=port.device,
            vid=port.vid,
            pid=port.pid,
            serial_number=port.serial_number or "",
            manufacturer=port.manufacturer or "",
            # pyserial says "n/a" where it knows nothing.
            description="" if port.description in (None, "n/a") else port.description,
        )
        for port in list_ports.comports()
    ]


def _declared_ports(declared: str) -> list[PortInfo]:
    ports = []
    for entry in filter(None, (part.strip() for part in declared.split(","))):
        try:
            device, vid, pid = entry.rsplit(":", 2)
            ports.append(PortInfo(device, int(vid, 16), int(pid, 16)))
        except ValueError:
            raise UsageError(
                f"{PORTS_VARIABLE}: '{entry}' is not DEVICE:VID:PID",
                "Write the USB ids in hexadecimal, such as /dev/pts/3:0483:374b, or unset the variable.",
            ) from None
    return ports
