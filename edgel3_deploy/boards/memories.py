"""Where each family has memory, and how its flash is divided: what a board file may call a region.

Ranges are those of the largest part. Everything else is a peripheral, memory behind a controller that
start-up leaves off, or a second address of the same cells; the memory protection closes most of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, repeat

from edgel3_deploy.boards.board import Family, Region

KB = 1024
MB = 1024 * KB

H7_DTCM = range(0x2000_0000, 0x2000_0000 + 128 * KB)
H7_D2_RAM = range(0x3000_0000, 0x3000_0000 + 288 * KB)
"""SRAM1 to SRAM3 of the STM32H7: their clock is off until start-up, which needs a stack, turns it on."""

DMA_RESERVE = 4 * KB
"""Bytes of DMA memory that a microphone's ring leaves to the serial port's and the like
(firmware/application/sensor.c)."""

MEMORIES: Mapping[Family, Mapping[str, tuple[range, ...]]] = {
    # RM0410 2.2.2 and 3.3.2: DTCM, SRAM1 and SRAM2 lie behind each other.
    "stm32f7": {
        "flash": (range(0x0800_0000, 0x0800_0000 + 2 * MB),),
        "itcm": (range(16 * KB),),
        "ram": (range(0x2000_0000, 0x2000_0000 + 512 * KB),),
    },
    # RM0433 2.3.2: DTCM, AXI SRAM, SRAM1 to SRAM3, SRAM4.
    "stm32h7": {
        "flash": (range(0x0800_0000, 0x0800_0000 + 2 * MB),),
        "itcm": (range(64 * KB),),
        "ram": (
            H7_DTCM,
            range(0x2400_0000, 0x2400_0000 + 512 * KB),
            H7_D2_RAM,
            range(0x3800_0000, 0x3800_0000 + 64 * KB),
        ),
    },
    # Arm DAI0500, and QEMU's machine: the two memories of 4 MB.
    "mps2-an500": {
        "flash": (range(4 * MB),),
        "itcm": (range(4 * MB),),
        "ram": (range(0x2000_0000, 0x2000_0000 + 4 * MB),),
    },
}


def in_memory(family: Family, region: Region) -> bool:
    """Whether the family has memory of the region's kind all over it."""
    return any(
        memory.start <= region.origin and region.end <= memory.stop
        for memory in MEMORIES[family][region.kind]
    )


def sectors_as_made(family: Family, sizes: Sequence[int]) -> bool:
    """Whether flash of the family is divided so: an STM32F7's in single bank mode (RM0410 3.3.2)."""
    if family == "stm32h7":
        return set(sizes) <= {128 * KB}
    smallest = sizes[0] if sizes else 0
    made = chain(repeat(smallest, 4), [4 * smallest], repeat(8 * smallest))
    return smallest in (16 * KB, 32 * KB) and all(size == next(made) for size in sizes)
