"""What each way of programming one board needs, and what of that is at hand."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from edgel3_deploy.boards.board import Board, Debug
from edgel3_deploy.doctor.finding import Finding
from edgel3_deploy.doctor.programs import PROGRAMS, how_to_install
from edgel3_deploy.extras import install_command, lacking
from edgel3_deploy.flash.drive import find_drive
from edgel3_deploy.link.discover import PortInfo, serial_ports
from edgel3_deploy.link.text import printable

_FAILURE = "FAIL.TXT"
_FAILURE_SHOWN = 200


def section(board: Board) -> str:
    """The heading of what concerns `board`."""
    return f"ways to program {board.name}"


def examine_ways(board: Board) -> Iterator[Finding]:
    """A finding for each way of `flash --via`, and one for the virtual board."""
    yield _virtual(board)
    if board.loader is not None:
        yield _serial(board)
    if board.debug is not None:
        yield _probe(board, "openocd", board.debug.openocd_config, "configuration")
        yield _probe(board, "pyocd", board.debug.pyocd_target, "target")
        yield _drive(board, board.debug)
    if board.bootloader is not None:
        yield _rom(board)


def _virtual(board: Board) -> Finding:
    if board.emulator is None:
        return Finding(
            section(board), "virtual", "note", "this board has no virtual one (no [emulator] in its file)"
        )
    if board.emulator.kind == "qemu":
        return _program(board, "virtual", "qemu-system-arm", f"QEMU's {board.emulator.machine}")
    if lacking("emulator"):
        remedy = f"`{install_command('emulator')}`"
        return Finding(section(board), "virtual", "missing", "needs unicorn", remedy)
    return Finding(section(board), "virtual", "ok", "--port virtual, in Unicorn")


def _serial(board: Board) -> Finding:
    """Ready as far as can be said without asking the board, which `ask` does."""
    if _probes():
        return Finding(
            section(board),
            "serial",
            "ok",
            f"--port auto, {board.uart.baudrate} baud, once the loader is on it",
        )
    return Finding(
        section(board),
        "serial",
        "note",
        "no ST-LINK port is plugged in",
        "Connect the board's ST-LINK socket, or name another adapter's port with --port.",
    )


def _probe(board: Board, tool: str, setting: str, kind: str) -> Finding:
    if not setting:
        return Finding(
            section(board),
            tool,
            "note",
            f"the board file names no {kind}",
            f"Add it to [debug] as in {_example(tool)}.",
        )
    return _program(board, tool, tool, f"--via {tool}, {kind} {setting}")


def _example(tool: str) -> str:
    return (
        'openocd_config = "board/st_nucleo_f7.cfg"' if tool == "openocd" else 'pyocd_target = "stm32f767zi"'
    )


def _program(board: Board, name: str, program: str, detail: str) -> Finding:
    if shutil.which(program):
        return Finding(section(board), name, "ok", detail)
    install = next(known.install for known in PROGRAMS if known.name == program)
    return Finding(section(board), name, "missing", f"{detail}: needs {program}", how_to_install(install))


def _drive(board: Board, debug: Debug) -> Finding:
    if not debug.drive:
        return Finding(section(board), "drive", "note", "the board file names no drive of its ST-LINK")
    folder = find_drive(debug.drive)
    facts = {"label": debug.drive, "folder": str(folder) if folder else None}
    if folder is None:
        how = f" (`udisksctl mount -b /dev/disk/by-label/{debug.drive}`)" if sys.platform == "linux" else ""
        return Finding(
            section(board),
            "drive",
            "note",
            f"no drive named {debug.drive} is mounted",
            f"Connect the ST-LINK socket and mount its drive{how}.",
            facts=facts,
        )
    complaint = _complaint(folder)
    if complaint:
        return Finding(
            section(board),
            "drive",
            "note",
            f"{folder} holds a {_FAILURE}: {complaint}",
            "Check the board's power and jumpers, replug it, and look whether the file is gone.",
            facts={**facts, "failure": complaint},
        )
    return Finding(section(board), "drive", "ok", f"--via drive, {debug.drive} at {folder}", facts=facts)


def _complaint(folder: Path) -> str:
    try:
        text = (folder / _FAILURE).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return printable(" ".join(text.split())[:_FAILURE_SHOWN]) or "it is empty"


def _rom(board: Board) -> Finding:
    facts = board.bootloader
    assert facts is not None
    if facts.deaf:
        return Finding(
            section(board), "rom", "note", f"cannot work here: {facts.deaf}", "Use one of the other ways."
        )
    boot0 = f"BOOT0 high at reset: {facts.boot0}" if facts.boot0 else "BOOT0 high at reset"
    if facts.over_vcp:
        return Finding(
            section(board), "rom", "ok", f"--via rom on the board's own port; without firmware, {boot0}"
        )
    wiring = f"an adapter, {facts.adapter}" if facts.adapter else "an adapter on the ROM's pins"
    adapters = [port.device for port in serial_ports() if port.probe is None and port.vid is not None]
    if adapters:
        return Finding(
            section(board),
            "rom",
            "ok",
            f"--via rom --port {adapters[0]} if that is {wiring}; {boot0}",
            facts={"adapters": adapters},
        )
    return Finding(
        section(board),
        "rom",
        "note",
        "no USB-UART adapter is plugged in",
        f"Connect {wiring}; {boot0}.",
        facts={"adapters": []},
    )


def _probes() -> list[PortInfo]:
    return [port for port in serial_ports() if port.probe is not None]
