"""Firmware images around the stand-in network, linked as a build links them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.firmware import INCLUDES, firmware_files
from edgel3_deploy.codegen.render import render

NETWORK = Path(__file__).resolve().parent / "fake_network"
ARENA_SIZE = 1300
CPU = ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16")
COMPILE = (
    "-std=c11",
    "-O2",
    "-g",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-tree-loop-distribute-patterns",
)
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion")
LINK = ("-nostartfiles", "-Wl,--gc-sections", "-Wl,--fatal-warnings", "-T", "linker.ld")


def build_image(gcc: Path, board: Board, folder: Path, *options: str) -> Path:
    """The ELF of the stand-in network for `board`, every warning an error."""
    files = firmware_files(board, "cmsis-nn")
    for template in ("board.h", "linker.ld"):
        files[template] = render(f"{template}.j2", board=board, plan_arenas={"dtcm": ARENA_SIZE})
    for name in ("network.c", "network.h"):
        files[name] = (NETWORK / name).read_bytes()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sources = [name for name in files if name.endswith(".c")]
    includes = [f"-I{include}" for include in INCLUDES]
    command = [gcc, *CPU, *COMPILE, *WARNINGS, *includes, *sources, *LINK, *options, "-o", "firmware.elf"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "firmware.elf"
