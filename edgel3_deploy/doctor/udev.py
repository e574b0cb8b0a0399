"""Linux' view of the ST-LINKs on USB, and the udev rule that opens them to users."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.link.discover import STLINKS, STMICROELECTRONICS

RULE_FILE = "/etc/udev/rules.d/60-edgel3-stlink.rules"
"""Before 73-seat-late.rules, which gives what is tagged `uaccess` to the user who is logged in."""

_SYSFS = Path("/sys/bus/usb/devices")
_USB = Path("/dev/bus/usb")
_ST = f"{STMICROELECTRONICS:04x}"


@dataclass(frozen=True)
class UsbProbe:
    """An ST-LINK on USB: its ids as "0483:374b", serial number, and the file through which it is reached."""

    usb_id: str
    serial_number: str
    node: Path

    @property
    def is_accessible(self) -> bool:
        """Whether this user may talk to it, as OpenOCD and pyOCD do."""
        return os.access(self.node, os.R_OK | os.W_OK)


def usb_probes(sysfs: Path = _SYSFS, usb: Path = _USB) -> Iterator[UsbProbe]:
    """The ST-LINKs that Linux sees on USB; none on another system."""
    try:
        devices = sorted(sysfs.iterdir())
    except OSError:
        return
    for device in devices:
        vendor, product = _text(device / "idVendor"), _text(device / "idProduct")
        if vendor == _ST and product in {f"{pid:04x}" for pid in STLINKS}:
            node = usb / _text(device / "busnum").zfill(3) / _text(device / "devnum").zfill(3)
            yield UsbProbe(f"{vendor}:{product}", _text(device / "serial"), node)


def udev_rule() -> str:
    """The content of RULE_FILE: ST-LINKs and their serial ports for whoever is logged in, and for the group
    `dialout`; hands off them for ModemManager, which would write to the port.
    """
    products = "|".join(f"{pid:04x}" for pid in sorted(STLINKS))
    access = 'MODE="0660", GROUP="dialout", TAG+="uaccess"'
    return (
        f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{_ST}", ATTR{{idProduct}}=="{products}", {access}, '
        'ENV{ID_MM_DEVICE_IGNORE}="1"\n'
        f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{_ST}", ATTRS{{idProduct}}=="{products}", {access}, '
        'ENV{ID_MM_PORT_IGNORE}="1"\n'
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
