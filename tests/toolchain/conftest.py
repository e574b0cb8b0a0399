"""A board of round numbers, and small images linked for it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.boards.board import Board, Clock, Region, Uart

Link = Callable[[str], Path]

SCRIPT = """
MEMORY {
    flash (rx) : ORIGIN = 0x08000000, LENGTH = 4096
    itcm (rx) : ORIGIN = 0x00000000, LENGTH = 512
    fast (rw) : ORIGIN = 0x20000000, LENGTH = 1024
    slow (rw) : ORIGIN = 0x20000400, LENGTH = 1024
}
SECTIONS {
    .text : { *(.text*) *(.rodata*) } > flash
    .stack (NOLOAD) : { . += 256; } > fast
    .data : { *(.data*) } > fast AT > flash
    .bss (NOLOAD) : { *(.bss*) } > fast
    .itcm : { *(.itcm) } > itcm AT > flash
    .arena (NOLOAD) : { *(.arena) } > slow
    .ARM.exidx : { *(.ARM.exidx*) } > flash
}
"""


@pytest.fixture
def board() -> Board:
    """4 KB of flash, 1 KB each of two RAMs that touch, 512 bytes of ITCM."""
    return Board(
        name="small",
        title="Small",
        part="SMALL1",
        family="stm32f7",
        clock=Clock(1_000_000, 1_000_000, False),
        regions=(
            Region("flash", "flash", 0x0800_0000, 4096),
            Region("itcm", "itcm", 0, 512),
            Region("fast", "ram", 0x2000_0000, 1024),
            Region("slow", "ram", 0x2000_0400, 1024),
        ),
        main_ram="fast",
        stack_size=256,
        uart=Uart("USART1", "PA9", "PA10", 7, 115200),
    )


@pytest.fixture
def link(arm_gcc: Path, tmp_path: Path) -> Link:
    """Compile and link one C source for the small board."""

    def make(source: str) -> Path:
        (tmp_path / "image.c").write_text(source)
        (tmp_path / "image.ld").write_text(SCRIPT)
        options = "-mcpu=cortex-m7 -mthumb -nostdlib -Wl,-emain -T image.ld image.c -o image.elf"
        subprocess.run([arm_gcc, *options.split()], cwd=tmp_path, check=True)
        return tmp_path / "image.elf"

    return make
