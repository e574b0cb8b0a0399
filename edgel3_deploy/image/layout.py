"""Where loader and applications lie in a board's flash, and what is left to an application."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from edgel3_deploy.boards.board import Board, Region, Sector
from edgel3_deploy.errors import UsageError
from edgel3_deploy.image.header import IMAGE_HEADER_SIZE

MAILBOX_SIZE = 0x100
"""Bytes at the end of the main RAM in which loader and application leave each other word over a reset."""


@dataclass(frozen=True)
class FlashLayout:
    """The loader's region, the application's slots in address order, and the two sectors of the settings.

    Without a loader there are no slots and no settings: the application has the whole flash. A slot holds
    header and image.
    """

    loader: Region | None
    slots: tuple[Region, ...]
    settings: Region | None = None

    @property
    def loader_size(self) -> int:
        """Bytes of flash that the loader owns, 0 without one."""
        return 0 if self.loader is None else self.loader.size

    @property
    def settings_size(self) -> int:
        """Bytes of flash that hold settings, 0 where they are kept in RAM."""
        return 0 if self.settings is None else self.settings.size

    @property
    def header_size(self) -> int:
        """Bytes of flash from the start of a slot to its image, 0 without slots."""
        return IMAGE_HEADER_SIZE if self.slots else 0

    @property
    def overhead(self) -> int:
        """Bytes of flash that one application needs besides its image; the settings are no part of it."""
        return self.loader_size + self.header_size


def flash_layout(board: Board, slots: int | None = None) -> FlashLayout:
    """The layout of `board` with 1 or 2 slots behind the loader, or 0: a bare image without a loader.

    None stands for one slot where the board has a loader, else for none. The settings have the first two
    sectors behind the loader or the last two of the flash, whichever are smaller. Two slots meet at the
    sector boundary that makes the smaller one as large as possible. Raises UsageError if the board has no
    loader, or too few sectors behind it.
    """
    if slots is None:
        slots = 0 if board.loader is None else 1
    if slots not in (0, 1, 2):
        raise UsageError(f"{slots} slots are not possible", "Choose one or two, or no loader.")
    if slots == 0:
        return FlashLayout(None, ())
    if board.loader is None:
        raise UsageError(
            f"{board.name} has no loader, so it has no slots", "Build a bare image: --no-loader."
        )
    loader = Region("loader", "flash", board.flash.origin, board.loader.size)
    sectors = [sector for sector in board.sectors if sector.origin >= loader.end]
    if len(sectors) < 2 + slots:
        raise UsageError(
            f"{board.name} has too few sectors behind the loader, {len(sectors)}: "
            "the settings need two, and each slot one",
            "Build a bare image: --no-loader." if len(sectors) < 3 else "Build with --slots one.",
        )
    settings, left = _split(sectors)
    start = left[0].origin
    end = settings.origin if settings.origin > start else board.flash.end
    if slots == 1:
        return FlashLayout(loader, (_slot(0, start, end),), settings)
    middle = max((sector.origin for sector in left[1:]), key=lambda origin: min(origin - start, end - origin))
    return FlashLayout(loader, (_slot(0, start, middle), _slot(1, middle, end)), settings)


def image_region(board: Board, layout: FlashLayout, slot: int = 0) -> Region:
    """Where the application's image for `slot` may lie: behind its header, or in all the flash if bare."""
    if not layout.slots:
        return board.flash
    place = layout.slots[slot]
    return Region(board.flash.name, "flash", place.origin + IMAGE_HEADER_SIZE, place.size - IMAGE_HEADER_SIZE)


def image_limit(board: Board, layout: FlashLayout) -> int:
    """The most bytes that an image may have: what the smallest slot holds."""
    slots = range(max(len(layout.slots), 1))
    return min(image_region(board, layout, slot).size for slot in slots)


def mailbox_size(board: Board) -> int:
    """Bytes at the end of the main RAM that no image may use: the mailbox, where the board has a loader."""
    return 0 if board.loader is None else MAILBOX_SIZE


def application_board(board: Board, layout: FlashLayout, slot: int = 0) -> Board:
    """`board` as the application for `slot` finds it: the flash is its slot behind the header, and the main
    RAM ends before the mailbox, on boards that have a loader.
    """

    def left(region: Region) -> Region:
        if region.kind == "flash":
            return image_region(board, layout, slot)
        if region.name == board.main_ram:
            return dataclasses.replace(region, size=region.size - mailbox_size(board))
        return region

    return dataclasses.replace(board, regions=tuple(left(region) for region in board.regions))


def _slot(number: int, origin: int, end: int) -> Region:
    return Region(f"slot {number}", "flash", origin, end - origin)


def _split(sectors: list[Sector]) -> tuple[Region, list[Sector]]:
    """The settings' region, and the sectors that are left to slots."""
    first, last = sectors[:2], sectors[-2:]
    at_the_start = sum(sector.size for sector in first) < sum(sector.size for sector in last)
    pair, left = (first, sectors[2:]) if at_the_start else (last, sectors[:-2])
    return Region("settings", "flash", pair[0].origin, _end(pair[1]) - pair[0].origin), left


def _end(sector: Sector) -> int:
    return sector.origin + sector.size
