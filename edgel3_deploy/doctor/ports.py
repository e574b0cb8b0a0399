"""The serial ports of this machine: which looks like a board, who may open it, and who has it open."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edgel3_deploy.doctor.finding import Finding
from edgel3_deploy.doctor.udev import RULE_FILE, UsbProbe, udev_rule, usb_probes
from edgel3_deploy.link.discover import PortInfo, likely_boards, serial_ports
from edgel3_deploy.link.holders import holders
from edgel3_deploy.link.text import printable

SECTION = "ports"

_RULE_HELPS = "Install the udev rule below, then replug it."


def examine_ports() -> Iterator[Finding]:
    """A finding for each serial port, or one that there is none; on Linux one for each ST-LINK on USB, and
    the udev rule if something needs it.
    """
    ports = serial_ports()
    findings = [_examine(port) for port in ports]
    if not ports:
        findings.append(
            Finding(
                SECTION,
                "serial ports",
                "note",
                "none",
                "Plug a board in; virtual boards need none (--port virtual).",
            )
        )
    findings += [_examine_probe(probe, ports) for probe in usb_probes()]
    yield from findings
    if any(_RULE_HELPS in finding.remedy for finding in findings):
        yield Finding(
            SECTION,
            "udev rule",
            "note",
            f"to be written to {RULE_FILE}",
            f"{udev_rule()}Then run `sudo udevadm control --reload && sudo udevadm trigger`.",
            facts={"file": RULE_FILE, "rule": udev_rule()},
        )


def may_open(device: str) -> bool:
    """Whether this user may read and write the port; Windows has no such rights."""
    return os.name == "nt" or os.access(device, os.R_OK | os.W_OK)


def _examine(port: PortInfo) -> Finding:
    boards = likely_boards(port)
    open_by = [holder for holder in holders(port.device) if holder.pid != os.getpid()]
    about = [port.probe or printable(port.description), port.usb_id]
    if port.serial_number:
        about.append(f"serial number {printable(port.serial_number)}")
    if boards:
        about.append(f"may be {' or '.join(boards)}")
    remedy = ""
    if not os.path.exists(port.device) and os.name != "nt":  # noqa: PTH110 - Path.exists raises for odd names
        about.append("does not exist")
    elif not may_open(port.device):
        about.append("no permission")
        remedy = _permission(port)
    if open_by:
        about.append(f"open in {printable(', '.join(map(str, open_by)))}")
        remedy = remedy or "Close that program before you use the port."
    facts = {
        "device": port.device,
        "usb_id": port.usb_id or None,
        "serial_number": port.serial_number or None,
        "manufacturer": port.manufacturer or None,
        "description": port.description or None,
        "likely_boards": list(boards),
        "permitted": may_open(port.device),
        "holders": [{"pid": holder.pid, "name": holder.name} for holder in open_by],
    }
    detail = ", ".join(filter(None, about)) or "no USB port"
    return Finding(SECTION, port.device, "note" if remedy else "ok", detail, remedy, facts=facts)


def _examine_probe(probe: UsbProbe, ports: tuple[PortInfo, ...]) -> Finding:
    name = f"ST-LINK {probe.usb_id}"
    has_port = any(port.probe and port.serial_number == probe.serial_number for port in ports)
    facts = {
        "usb_id": probe.usb_id,
        "serial_number": probe.serial_number or None,
        "node": str(probe.node),
        "permitted": probe.is_accessible,
        "has_port": has_port,
    }
    what = f"USB, serial number {printable(probe.serial_number)}" if probe.serial_number else "USB"
    if not probe.is_accessible:
        return Finding(
            SECTION,
            name,
            "note",
            f"{what}, no permission for OpenOCD and pyOCD ({probe.node})",
            _RULE_HELPS,
            facts=facts,
        )
    if not has_port:
        remedy = "Load the driver: `sudo modprobe cdc_acm`; then replug the board."
        return Finding(SECTION, name, "note", f"{what}, without a serial port", remedy, facts=facts)
    return Finding(SECTION, name, "ok", f"{what}, open to OpenOCD and pyOCD", facts=facts)


def _permission(port: PortInfo) -> str:
    """What gives this user the port: its group, or a udev rule where no group has it."""
    rule = _RULE_HELPS if port.probe else "No group may use it: ask who administers this machine."
    try:
        import grp

        status = Path(port.device).stat()
        group = grp.getgrgid(status.st_gid)
    except (ImportError, OSError, KeyError):
        return rule
    shared = stat.S_IRGRP | stat.S_IWGRP
    if status.st_gid == 0 or status.st_mode & shared != shared:
        return rule
    if _user() in group.gr_mem:
        return f"You are in the group {group.gr_name}, but not since you logged in: log out and in again."
    return f"`sudo usermod -aG {group.gr_name} $USER`, then log out and in again."


def _user() -> str:
    try:
        import getpass

        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""
