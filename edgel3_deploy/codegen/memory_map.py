"""Board header and linker scripts: where an image has its place, its data, and what it must leave alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from edgel3_deploy.boards.board import Board, Region
from edgel3_deploy.boards.sample_rate import sample_rate
from edgel3_deploy.codegen.render import render
from edgel3_deploy.image.layout import FlashLayout, application_board, mailbox_size

NULL_GUARD = 1024
"""Bytes at address 0 that the MPU closes where the ITCM stands there, so that null pointers fault."""
LOADER_LIMIT = 16 * 1024
"""Most bytes of the loader's image."""


def board_header(board: Board, layout: FlashLayout) -> bytes:
    """board.h of application and loader."""
    cycles = round(board.clock.cpu_hz / sample_rate(board)) if board.microphone else 0
    return render(
        "board.h.j2", board=board, layout=layout, null_guard=null_guard(board), cycles_per_sample=cycles
    )


def application_script(
    board: Board,
    layout: FlashLayout,
    slot: int,
    arenas: Mapping[str, int],
    kernels: Iterable[str] = (),
    data_ram: str | None = None,
) -> bytes:
    """The linker script of an application for `slot`, or of a bare image; `arenas`: bytes by region name.

    The application's static data that no inference reads lies in `data_ram`, by default the main RAM.
    Code of the native `kernels` runs from the ITCM where there is one, as far as it holds them.
    """
    guard = null_guard(board)
    placed = application_board(board, layout, slot)

    def unguarded(region: Region) -> Region:
        if region.kind != "itcm":
            return region
        return dataclasses.replace(region, origin=region.origin + guard, size=max(region.size - guard, 0))

    regions = tuple(unguarded(region) for region in placed.regions)
    placed = dataclasses.replace(placed, regions=regions)
    return _script(board, placed, "the application", arenas, kernels=sorted(set(kernels)), data_ram=data_ram)


def loader_script(board: Board, layout: FlashLayout) -> bytes:
    """The linker script of the loader: its sectors, and the main RAM without the mailbox."""
    assert layout.loader is not None
    flash = dataclasses.replace(layout.loader, name=board.flash.name)
    main_ram = application_board(board, layout).region(board.main_ram)
    placed = dataclasses.replace(board, regions=(flash, main_ram))
    return _script(board, placed, "the loader", {}, code_limit=LOADER_LIMIT)


def null_guard(board: Board) -> int:
    """Bytes at address 0 that nothing may access: none where the flash starts there."""
    return NULL_GUARD if any(region.kind == "itcm" and region.origin == 0 for region in board.regions) else 0


def _script(
    board: Board,
    placed: Board,
    image: str,
    arenas: Mapping[str, int],
    *,
    kernels: Sequence[str] = (),
    data_ram: str | None = None,
    code_limit: int | None = None,
) -> bytes:
    size = mailbox_size(board)
    names = [region.name for region in placed.regions]
    return render(
        "linker.ld.j2",
        board=placed,
        image=image,
        dma_ram=placed.dma_ram if placed.dma_ram in names else placed.main_ram,
        data_ram=data_ram or placed.main_ram,
        plan_arenas=dict(arenas),
        kernels=kernels,
        mailbox=board.region(board.main_ram).end - size if size else None,
        code_limit=code_limit,
    )
