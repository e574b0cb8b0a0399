"""What one revision of the ROM bootloader does, and does wrongly (AN2606, STM32F76x and STM32H74x)."""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.emulate.options import ROM_VERSIONS

_KB = 1024


@dataclass(frozen=True)
class RomVersion:
    """`startup_seconds`: how long it is deaf after a reset. `workspaces`: (origin, size) of RAM it destroys.

    `unreachable`: regions that it cannot access. `shaky_baudrate`: the speed from which on it may measure
    wrongly. The faults: `miscounts` says 13 commands and sends 11; `silent_go` does not acknowledge the
    command, only its address; `hasty_bank_2` acknowledges an erase there before it is done, and hangs if
    the next command reaches for the flash meanwhile.
    """

    identifier: int
    startup_seconds: float
    workspaces: tuple[tuple[int, int], ...]
    unreachable: frozenset[str] = frozenset()
    shaky_baudrate: float = float("inf")
    miscounts: bool = False
    silent_go: bool = False
    hasty_bank_2: bool = False


def f7_rom(identifier: int | None = None) -> RomVersion:
    """The STM32F76x's; its start-up time is that of the STM32F74x, the only one listed."""
    return RomVersion(
        identifier=identifier or ROM_VERSIONS["stm32f7"][0],
        startup_seconds=0.017,
        workspaces=((0x2000_0000, 16 * _KB),),
        shaky_baudrate=57_600.0,
    )


def h7_rom(identifier: int | None = None) -> RomVersion:
    """The STM32H743's of that `identifier`, by default the newest."""
    identifier = identifier or ROM_VERSIONS["stm32h7"][0]
    return RomVersion(
        identifier=identifier,
        startup_seconds=0.054,
        workspaces=((0x2000_0000, 16 * _KB), (0x2400_0000, 208 * _KB)),
        unreachable=frozenset(("itcm", "sram1", "sram2", "sram3")),
        miscounts=identifier == 0x90,
        silent_go=identifier == 0x90,
        hasty_bank_2=identifier == 0x91,
    )
