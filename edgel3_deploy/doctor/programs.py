"""The programs that this project calls, their versions, and how to get those that are absent."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgel3_deploy.doctor.finding import Finding

SECTION = "programs"
SECONDS = 10.0
"""A program that does not name its version within this time is taken for one that hangs."""

_COMPILER = "arm-none-eabi-gcc"
_CORTEX_M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard")
_VERSION = re.compile(r"\d+(?:\.\d+)+[\w.+-]*")
_VERSION_LENGTH = 40

_ARM_GCC: Mapping[str, str] = {
    "apt": "sudo apt install gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "brew": "brew install --cask gcc-arm-embedded",
    "winget": "winget install Arm.GnuArmEmbeddedToolchain",
    "scoop": "scoop install gcc-arm-none-eabi",
}


@dataclass(frozen=True)
class Program:
    """A program on PATH: what it is for, and by package manager the command that installs it."""

    name: str
    purpose: str
    install: Mapping[str, str]
    needed: bool = False
    arguments: Sequence[str] = field(default=("--version",))


PROGRAMS = (
    Program("make", "building", {
        "apt": "sudo apt install make",
        "brew": "brew install make",
        "winget": "winget install ezwinports.make",
        "scoop": "scoop install make",
    }, needed=True),
    Program(_COMPILER, "building", _ARM_GCC, needed=True, arguments=("-dumpfullversion",)),
    Program("qemu-system-arm", "the virtual board mps2-an500", {
        "apt": "sudo apt install qemu-system-arm",
        "brew": "brew install qemu",
        "winget": "winget install SoftwareFreedomConservancy.QEMU",
        "scoop": "scoop install qemu",
    }),
    Program("openocd", "flash --via openocd", {
        "apt": "sudo apt install openocd",
        "brew": "brew install open-ocd",
        "scoop": "scoop install openocd",
    }),
    Program("pyocd", "flash --via pyocd", {"pip": "pip install 'pyocd>=0.36'"}),
    Program("st-flash", "recovering a board by hand", {
        "apt": "sudo apt install stlink-tools",
        "brew": "brew install stlink",
        "scoop": "scoop install stlink",
    }),
    Program("stm32flash", "tests of the virtual ROM bootloader", {
        "apt": "sudo apt install stm32flash",
        "brew": "brew install stm32flash",
    }, arguments=("-h",)),
)  # fmt: skip


def examine_programs(needed: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """A finding for each program, and one for the compiler's C library; `needed` names more that must be."""
    for program in PROGRAMS:
        yield _examine(program, program.needed or program.name in needed)
        if program.name == _COMPILER and (path := shutil.which(_COMPILER)):
            yield _newlib(path)


def how_to_install(commands: Mapping[str, str]) -> str:
    """The command for this machine's package manager, the others behind it in parentheses."""
    ordered = sorted(commands, key=lambda manager: (not _is_here(manager), list(commands).index(manager)))
    if not ordered:
        return ""
    first, *others = (f"`{commands[manager]}`" for manager in ordered)
    return f"{first} ({'; '.join(others)})" if others else first


def _is_here(manager: str) -> bool:
    if manager == "pip":
        return True
    platforms = {"apt": "linux", "brew": "darwin", "winget": "win32", "scoop": "win32"}
    return sys.platform == platforms[manager]


def _examine(program: Program, needed: bool) -> Finding:
    path = shutil.which(program.name)
    remedy = how_to_install(program.install)
    facts = {"path": path, "version": None, "purpose": program.purpose, "install": dict(program.install)}
    if path is None:
        return Finding(SECTION, program.name, "missing", f"for {program.purpose}", remedy, needed, facts)
    said = _say(path, program.arguments)
    if said is None:
        return Finding(
            SECTION,
            program.name,
            "missing" if needed else "note",
            f"{path} does not run, or does not end",
            f"Install it again: {remedy}",
            needed,
            facts,
        )
    found = _VERSION.search(said)
    version = found[0][:_VERSION_LENGTH] if found else None
    detail = f"{version or 'installed'}, for {program.purpose}"
    return Finding(SECTION, program.name, "ok", detail, "", needed, {**facts, "version": version})


def _newlib(compiler: str) -> Finding:
    """gcc answers with a bare name where it does not find the file."""
    said = _say(compiler, (*_CORTEX_M7, "-print-file-name=libc.a"))
    library = Path((said or "").strip())
    facts = {"path": str(library) if library.is_absolute() else None, "install": dict(_ARM_GCC)}
    if library.is_absolute() and library.exists():
        return Finding(SECTION, "newlib", "ok", "the C library for Cortex-M7, for building", "", True, facts)
    return Finding(
        SECTION,
        "newlib",
        "missing",
        f"{compiler} has no C library for Cortex-M7",
        how_to_install(_ARM_GCC),
        True,
        facts,
    )


def _say(path: str, arguments: Sequence[str]) -> str | None:
    """What the program prints; None if it cannot be started or hangs."""
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", errors="replace")
