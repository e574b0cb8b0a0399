"""Programs for an emulated Cortex-M7 as any project links them: newlib, and the linker script that it has."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.codegen.host import WARNINGS, write_library
from tests.codegen.programs import Case

CPU = ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16")
MACHINE = ("-M", "mps2-an500", "-display", "none", "-monitor", "none", "-serial", "none", "-semihosting")
RESET = """
extern void _start(void);
void reset(void);
void reset(void)
{
    *(volatile unsigned *)0xE000ED88u |= 0xFu << 20; /* the FPU */
    __asm volatile("dsb\\n isb");
    _start();
}
__attribute__((section(".vectors"), used))
const void *const vectors[2] = {(void *)0x20300000u, (void *)reset};
"""
"""What a project has beside newlib to start on the emulated board."""


def write(folder: Path, *cases: Case) -> list[str]:
    """The libraries in `folder`: options and sources of a compiler."""
    words = []
    for case in cases:
        write_library(case.library, folder / case.prefix)
        words += [f"-I{folder / case.prefix / name}" for name in case.library.include_dirs]
        words += [str(folder / case.prefix / name) for name in case.library.sources]
    return words


def run_stock(
    arm_gcc: Path, qemu: Path, folder: Path, cases: Sequence[Case], text: str, optimize: str = "-O2"
) -> tuple[list[str], Path]:
    """What the program prints, linked by the linker script that the toolchain has, and its ELF."""
    (folder / "main.c").write_text(text)
    (folder / "reset.c").write_text(RESET)
    elf = folder / "program.elf"
    link = ("--specs=rdimon.specs", "-Wl,--section-start=.vectors=0")
    words = [*CPU, optimize, *WARNINGS, *write(folder, *cases), "main.c", "reset.c", *link]
    subprocess.run([arm_gcc, *words, "-o", elf], cwd=folder, check=True)
    command: list[str | Path] = [qemu, *MACHINE, "-kernel", elf]
    finished = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    return (finished.stdout + finished.stderr).split(), elf
