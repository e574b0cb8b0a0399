"""Does a linked image fit its board: per region, in total, and against what the largest parts have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edgel3_deploy.boards.board import Board, Region
from edgel3_deploy.image.layout import FlashLayout, flash_layout, mailbox_size
from edgel3_deploy.plan.estimate import flash_parts
from edgel3_deploy.plan.limits import flash_limit, ram_limit_of
from edgel3_deploy.toolchain.elf import Image

LARGEST = 12
"""Items listed in the verdict."""


@dataclass(frozen=True)
class Usage:
    """Bytes used of a memory, and the limit."""

    name: str
    used: int
    limit: int

    @property
    def excess(self) -> int:
        """Bytes over the limit, 0 if it fits."""
        return max(0, self.used - self.limit)


@dataclass(frozen=True)
class Item:
    """A function or object that takes `size` bytes of the region `memory`."""

    name: str
    memory: str
    size: int


@dataclass(frozen=True)
class Budget:
    """The verdict over an image.

    `flash` counts code, constants and the images of initialised data with what the `layout` takes: loader
    and image header. `ram` counts everything that occupies RAM: data, bss, arenas with scratch, the stack
    reserved (there is no heap), and the mailbox. `regions` splits `ram`, and has the ITCM where code was
    placed there.
    """

    flash: Usage
    ram: Usage
    regions: tuple[Usage, ...]
    layout: FlashLayout
    items: tuple[Item, ...] = ()

    @property
    def rows(self) -> tuple[Usage, ...]:
        """All that was judged: flash, RAM in total, then each region."""
        return (self.flash, self.ram, *self.regions)

    @property
    def verdict(self) -> Literal["fits", "over"]:
        return "over" if any(row.excess for row in self.rows) else "fits"

    @property
    def excess(self) -> tuple[str, ...]:
        """What is over its limit and by how much, as text; empty if it fits."""
        return tuple(
            f"{row.name} by {row.excess:,} bytes ({row.used:,} of {row.limit:,})"
            for row in self.rows
            if row.excess
        )

    @property
    def flash_parts(self) -> str:
        """What the flash used consists of, as text; empty for a bare image."""
        parts = flash_parts(self.layout)
        return parts and f"{self.flash.used - self.layout.overhead:,} of the application, {parts}"

    def to_json(self) -> dict[str, Any]:
        """The content of budget.json."""
        return {
            "verdict": self.verdict,
            "flash": {
                "used": self.flash.used,
                "limit": self.flash.limit,
                "loader": self.layout.loader_size,
                "header": self.layout.header_size,
                "settings": self.layout.settings_size,
                "application": self.flash.used - self.layout.overhead,
            },
            "ram": {
                "used": self.ram.used,
                "limit": self.ram.limit,
                "regions": {row.name: {"used": row.used, "limit": row.limit} for row in self.regions},
            },
            "excess": list(self.excess),
            "largest": [{"name": item.name, "memory": item.memory, "size": item.size} for item in self.items],
        }


def measure(
    image: Image, board: Board, layout: FlashLayout | None = None, *, ram_limit: int | None = None
) -> Budget:
    """Judge a linked application: every byte of it is counted in the region where it lies.

    `layout` is what it was linked for, by default the board's usual one; `ram_limit` as `budget_of` takes it.
    """
    layout = layout or flash_layout(board)
    used = {region.name: 0 for region in board.regions}
    used[board.flash.name] = layout.overhead
    used[board.main_ram] = mailbox_size(board)
    mailbox = board.region(board.main_ram).end - mailbox_size(board)
    for section in image.sections:
        place = _region_at(board, section.address)
        if place is not None and place.kind != "flash":
            in_mailbox = place.name == board.main_ram and section.address >= mailbox
            used[place.name] += 0 if in_mailbox else section.size
        if section.stored:
            used[board.flash.name] += section.size
    items = [
        Item(symbol.name, place.name, symbol.size)
        for symbol in image.symbols
        if (place := _region_at(board, symbol.address)) is not None
    ]
    items.sort(key=lambda item: (-item.size, item.name))
    return budget_of(used, board, layout, items=tuple(items[:LARGEST]), ram_limit=ram_limit)


def budget_of(
    used: Mapping[str, int],
    board: Board,
    layout: FlashLayout | None = None,
    *,
    items: tuple[Item, ...] = (),
    ram_limit: int | None = None,
) -> Budget:
    """The budget for known bytes by region name, absent being 0; loader, header and mailbox are among them.

    `ram_limit` bounds all RAM below what the board has; a higher one makes no difference.
    ITCM holds code: where it is used it has a limit of its own, but it is no part of the RAM in total.
    """
    layout = layout or flash_layout(board)
    memories = [
        region
        for region in board.regions
        if region.kind == "ram" or (region.kind == "itcm" and used.get(region.name, 0))
    ]
    regions = tuple(Usage(region.name, used.get(region.name, 0), region.size) for region in memories)
    ram = sum(used.get(region.name, 0) for region in board.ram)
    return Budget(
        flash=Usage("flash", used.get(board.flash.name, 0), flash_limit(board, layout)),
        ram=Usage("RAM", ram, ram_limit_of(board, ram_limit)),
        regions=regions,
        layout=layout,
        items=items,
    )


def _region_at(board: Board, address: int) -> Region | None:
    return next((region for region in board.regions if region.origin <= address < region.end), None)
