"""Firmware images around the stand-in network, linked as a build links them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.firmware import INCLUDES, application_files
from edgel3_deploy.codegen.loader import render_loader
from edgel3_deploy.codegen.memory_map import application_script, board_header
from edgel3_deploy.codegen.render import render
from edgel3_deploy.image.layout import FlashLayout, flash_layout
from tests.firmware.stand_in import ARENA, HEADER

BUILD_ID = bytes([4, 5, 6]).ljust(32, b"\0")
"""What the stand-in network says."""
NETWORK = Path(__file__).resolve().parent / "fake_network" / "network.c"
DENSE = ("direct", "f22", "f44", "mono")
"""Kernels whose code is for the ITCM."""
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


@dataclass(frozen=True)
class Flashable:
    """A loader's .bin, the bytes of an application for each slot, and a .bin of loader and first slot."""

    layout: FlashLayout
    loader: Path
    images: tuple[bytes, ...]
    whole: Path


def stored_bytes(elf: Path) -> bytes:
    """What of a linked image is stored in flash, from its vector table on."""
    output = elf.with_suffix(".bin")
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, output], check=True)
    return output.read_bytes()


def build_image(
    gcc: Path,
    board: Board,
    folder: Path,
    *options: str,
    layout: FlashLayout | None = None,
    slot: int = 0,
    main: Path | None = None,
    extra: Mapping[str, bytes] | None = None,
) -> Path:
    """The ELF of the stand-in network for `board`, every warning an error; a bare image without `layout`.

    `main` may take the place of the application's main.c, without the network's arena; `extra` adds files.
    """
    layout = layout or flash_layout(board, 0)
    files = application_files(board)
    files["edgel3.h"] = HEADER
    files["edgel3_config.h"] = render("config.h.j2", arenas=(ARENA,), console=True)
    files["board.h"] = board_header(board, layout)
    arenas = {ARENA.region: ARENA.size} if main is None else {}
    files["linker.ld"] = application_script(board, layout, slot, arenas, DENSE)
    if main is not None:
        files["firmware/application/main.c"] = main.read_bytes()
    files.update(extra or {})
    files["network.c"] = NETWORK.read_bytes()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sources = [name for name in files if name.endswith(".c")]
    includes = [f"-I{include}" for include in INCLUDES]
    words = [*CPU, *COMPILE, *WARNINGS, *includes, *sources, *LINK, *options, "-o", "firmware.elf"]
    subprocess.run([gcc, *words], cwd=folder, check=True)
    return folder / "firmware.elf"


def build_loader(board: Board, folder: Path, layout: FlashLayout) -> Path:
    """The loader's bytes for `board`, from its own Makefile."""
    for name, content in render_loader(board, layout).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    subprocess.run(["make", "-s", "-C", folder], check=True, stdout=subprocess.DEVNULL)
    return folder / "loader.bin"
