"""Where loader and applications lie in a board's flash, and what is left to an application."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from edgel3_deploy.boards.board import Board, Region
from edgel3_deploy.errors import UsageError
from edgel3_deploy.image.header import IMAGE_HEADER_SIZE

MAILBOX_SIZE = 0x100
"""Bytes at the end of the main RAM in which loader and application leave each other word over a reset."""


@dataclass(frozen=True)
class FlashLayout:
    """The loader's region and the slots of the application, in address order.

    Without a loader there are no slots: the application has the whole flash. A slot holds header and image.
    """

    loader: Region | None
    slots: tuple[Region, ...]


def flash_layout(board: Board, slots: int) -> FlashLayout:
    """The layout of `board` with 1 or 2 slots behind the loader, or 0: a bare image without a loader.

    Two slots meet at the sector boundary that makes the smaller one as large as possible. Raises UsageError
    if the board has no loader, or too few sectors behind it.
    """
    if slots not in (0, 1, 2):
        raise UsageError(f"{slots} slots are not possible", "Choose one or two, or no loader.")
    if slots == 0:
        return FlashLayout(None, ())
    if board.loader is None:
        raise UsageError(
            f"{board.name} has no loader, so it has no slots", "Build a bare image: --no-loader."
        )
    flash = board.flash
    start = flash.origin + board.loader.size
    loader = Region("loader", "flash", flash.origin, board.loader.size)
    if slots == 1:
        return FlashLayout(loader, (_slot(0, start, flash.end),))
    inner = [sector.origin for sector in board.sectors if sector.origin > start]
    if not inner:
        raise UsageError(
            f"{board.name} has one sector of {flash.end - start:,} bytes behind the loader: "
            "two slots need a sector each",
            "Build with --slots one.",
        )
    middle = max(inner, key=lambda origin: min(origin - start, flash.end - origin))
    return FlashLayout(loader, (_slot(0, start, middle), _slot(1, middle, flash.end)))


def image_region(board: Board, layout: FlashLayout, slot: int = 0) -> Region:
    """Where the application's image for `slot` may lie: behind its header, or in all the flash if bare."""
    if not layout.slots:
        return board.flash
    place = layout.slots[slot]
    return Region(board.flash.name, "flash", place.origin + IMAGE_HEADER_SIZE, place.size - IMAGE_HEADER_SIZE)


def application_board(board: Board, layout: FlashLayout, slot: int = 0) -> Board:
    """`board` as the application for `slot` finds it: the flash is its slot behind the header, and the main
    RAM ends before the mailbox, on boards that have a loader.
    """

    def left(region: Region) -> Region:
        if region.kind == "flash":
            return image_region(board, layout, slot)
        if region.name == board.main_ram and board.loader is not None:
            return dataclasses.replace(region, size=region.size - MAILBOX_SIZE)
        return region

    return dataclasses.replace(board, regions=tuple(left(region) for region in board.regions))


def _slot(number: int, origin: int, end: int) -> Region:
    return Region(f"slot {number}", "flash", origin, end - origin)
