"""What can be chosen of a virtual board: the age and the faults of its silicon, and its pace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import UsageError

ROM_VERSIONS = {"stm32f7": (0x93,), "stm32h7": (0x92, 0x91, 0x90)}
"""Identifiers of the ROM bootloaders that are modelled, by family; the first is the default (AN2606)."""


@dataclass(frozen=True)
class Ports:
    """Paths of pseudo-terminals: the virtual COM port, and a serial adapter on the ROM bootloader's pins."""

    vcp: str
    adapter: str | None = None


@dataclass(frozen=True)
class Quirks:
    """`pace`: hardware takes a few looks at a status register (turbo), or its time on the host's clock.

    `rom_version` is the ROM bootloader's identifier byte, by default the newest; with `rom_jitter` an
    STM32F7's ROM measures 57,600 baud and more wrongly now and then. `dual_bank` is an STM32F7 whose option
    byte nDBANK was cleared; `revision` an STM32H7's silicon. `hse_fails`: the external clock never starts;
    `hse_sticks`: HSERDY stays set.
    """

    pace: Literal["turbo", "real"] = "turbo"
    rom_version: int | None = None
    rom_jitter: bool = False
    dual_bank: bool = False
    revision: Literal["V", "Y"] = "V"
    hse_fails: bool = False
    hse_sticks: bool = False


def check_quirks(board: Board, quirks: Quirks) -> None:
    """Raise UsageError for what `board` cannot have."""
    if board.family not in ROM_VERSIONS:
        if quirks != Quirks():
            raise UsageError(f"{board.name} is QEMU's: nothing of its silicon can be chosen", "Leave it out.")
        return
    if quirks.dual_bank and board.family != "stm32f7":
        raise UsageError(
            f"{board.name} has two banks in any case", "Only an STM32F7's option bytes choose that."
        )
    if quirks.rom_jitter and board.family != "stm32f7":
        raise UsageError(f"the ROM bootloader of {board.name} measures every speed rightly", "Leave it out.")
    if quirks.revision != "V" and board.family != "stm32h7":
        raise UsageError(f"{board.name} has no silicon revision {quirks.revision}", "Only an STM32H7 has.")
    known = ROM_VERSIONS[board.family]
    if quirks.rom_version is not None and quirks.rom_version not in known:
        raise UsageError(
            f"there is no ROM bootloader {quirks.rom_version:#04x} for {board.name}",
            f"Choose among {', '.join(f'{version:#04x}' for version in known)}.",
        )
