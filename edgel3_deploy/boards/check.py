"""Contradictions within a board: what each value alone cannot show."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from edgel3_deploy.boards.board import Board, Region
from edgel3_deploy.boards.pll import PLL_LIMITS
from edgel3_deploy.errors import BadInputError

_ADDRESS_SPACE = 1 << 32
_WORD = 8


def check_board(board: Board, source: Path) -> None:
    """Raise BadInputError, naming `source` and the keys, when values of the board contradict each other."""

    def fail(problem: str, hint: str) -> NoReturn:
        raise BadInputError(f"{source}: {problem}", hint)

    flashes = [region for region in board.regions if region.kind == "flash"]
    if len(flashes) != 1:
        fail(
            f"'regions' has {len(flashes)} regions of kind flash", "Give exactly one, which holds the image."
        )
    for region in board.regions:
        if region.origin % _WORD or region.size % _WORD or region.end > _ADDRESS_SPACE:
            fail(
                f"'regions.{region.name}' is not aligned to {_WORD} bytes within 4 GB",
                "Check origin and size.",
            )
    for below, above in pairwise(sorted(board.regions, key=lambda region: region.origin)):
        if above.origin < below.end:
            fail(f"'regions.{below.name}' and 'regions.{above.name}' overlap", _extents(below, above))
    main_ram = board.region(board.main_ram)
    if board.stack_size % _WORD or board.stack_size < 1024:
        fail(f"'stack_size' is {board.stack_size}", f"Give at least 1K and a multiple of {_WORD}.")
    if board.stack_size >= main_ram.size:
        fail(
            f"'stack_size' = {board.stack_size} leaves nothing of 'regions.{main_ram.name}'",
            f"The region has {main_ram.size} bytes: choose a smaller stack, or another 'main_ram'.",
        )
    if board.family == "mps2-an500":
        return
    tiled = sum(sector.size for sector in board.sectors)
    if tiled != board.flash.size:
        fail(
            f"'sectors' add up to {tiled} bytes, 'regions.{board.flash.name}' has {board.flash.size}",
            "The sectors must tile the flash.",
        )
    ends = {sector.origin + sector.size - board.flash.origin for sector in board.sectors[:-1]}
    if board.loader and board.loader.size not in ends:
        fail(
            f"'loader.size' = {board.loader.size} is not where a sector ends",
            "The loader takes the first sector or sectors, and leaves some to the application.",
        )
    if board.clock.pll is None:
        cpu_hz, hse_hz = board.clock.cpu_hz, board.clock.hse_hz
        most = PLL_LIMITS[board.family].cpu_hz_max
        fail(
            f"'clock.cpu_hz' = {cpu_hz} cannot be reached from 'clock.hse_hz' = {hse_hz}",
            f"The PLL of {board.family} multiplies by whole ratios, up to {most} Hz.",
        )
    if board.bootloader and board.bootloader.program_unit not in (1, 2, 4, 8, 16, 32):
        fail(
            f"'bootloader.program_unit' is {board.bootloader.program_unit}",
            "Give a power of two, 32 at most.",
        )
    _check_emulator(board, fail_at=source)


def _check_emulator(board: Board, fail_at: Path) -> None:
    if board.emulator and board.emulator.kind == "qemu":
        raise BadInputError(
            f"{fail_at}: 'emulator.kind' is qemu, which has no {board.family}", "Write unicorn."
        )


def _extents(*regions: Region) -> str:
    return ", ".join(f"{region.name} is {region.origin:#010x}..{region.end - 1:#010x}" for region in regions)
