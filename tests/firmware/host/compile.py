"""Firmware sources compiled for the host, over a model of the chip's flash."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLAGS = ("-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wconversion")
CHIP = HERE / "chip.c"


def compile_firmware(
    gcc: Path, repository: Path, output: Path, sources: Sequence[Path], *options: str, slots: int
) -> Path:
    """`sources` with link, boot, the flash's own logic and the model of the chip, in one binary."""
    firmware = repository / "firmware"
    includes = [f"-I{folder}" for folder in (firmware, firmware / "include", HERE)]
    shared = [path for folder in ("link", "boot") for path in sorted((firmware / folder).glob("*.c"))]
    shared = [path for path in shared if path.name != "bootloader.c"]
    flags = [*FLAGS, f"-DHOST_SLOTS={slots}", *options, *includes]
    flash = [firmware / "drivers" / "flash.c", CHIP]
    subprocess.run([gcc, *flags, *shared, *flash, *sources, "-o", output], check=True)
    return output
