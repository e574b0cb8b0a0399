"""A machine to examine: programs on a PATH of their own, and ports and ST-LINKs that are declared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.doctor import ports, udev
from edgel3_deploy.link.discover import PortInfo

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Empties PATH; puts a program there that prints `says`, or runs `script`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, says: str = "", script: str = "") -> Path:
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script or f'echo {says!r}'}\n")
        program.chmod(0o755)
        return program

    return put


@pytest.fixture
def have_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the given ports the machine's only ones, and leaves no ST-LINK on USB."""
    monkeypatch.setattr(ports, "usb_probes", lambda: udev.usb_probes(tmp_path / "no-sysfs"))

    def have(*found: PortInfo) -> None:
        for module in MODULES_WITH_PORTS:
            monkeypatch.setattr(f"edgel3_deploy.doctor.{module}.serial_ports", lambda: found)

    have()
    return have


MODULES_WITH_PORTS = ("ports", "ways", "ask")
