"""What a board leaves to a network, and its image: bytes of flash, bytes of RAM, what exceeds them."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.image.layout import FlashLayout, flash_layout, image_limit, mailbox_size
from edgel3_deploy.plan.dma import dma_bytes
from edgel3_deploy.plan.front_end import image_front_end
from edgel3_deploy.plan.planner import capacities
from edgel3_deploy.plan.sensor import sensor_ram

FLASH_CEILING = 2 << 20
RAM_CEILING = 1 << 20
"""What the largest part of the families supported has, in bytes, whatever a board file says."""

CODE_RESERVE = 41 * 1024
"""Bytes of an image that constants leave to code and C library; a tenth of what there is if that is less."""
FIRMWARE_DATA = 5 * 1024 + 512
"""Bytes of RAM that the firmware's own data and bss take in an image without front end."""
FRONT_END_DATA = 512
"""The same of PCM on its way into the front end."""


def flash_limit(board: Board, layout: FlashLayout) -> int:
    """Bytes of flash that loader, image header and image may take: with one slot all but the settings."""
    return min(layout.overhead + image_limit(board, layout), FLASH_CEILING)


def ram_limit_of(board: Board, ram_limit: int | None = None) -> int:
    """Bytes of RAM that an image may take: `ram_limit`, but never more than the board has."""
    most = min(sum(region.size for region in board.ram), RAM_CEILING)
    return most if ram_limit is None else min(most, ram_limit)


def excesses(board: Board, layout: FlashLayout, flash: int, ram: int, ram_limit: int) -> tuple[str, ...]:
    """What bytes of flash and RAM exceed, as text: which limit, and by how much; empty if both keep to it."""
    limits = (("flash", flash, flash_limit(board, layout)), ("RAM", ram, ram_limit))
    return tuple(
        f"{what} by {used - limit:,} bytes ({used:,} of {limit:,})"
        for what, used, limit in limits
        if used > limit
    )


def constants_limit(board: Board, layout: FlashLayout | None = None) -> int:
    """The most bytes of constants in an image: what a slot holds, and the code leaves."""
    room = image_limit(board, layout or flash_layout(board))
    return room - min(CODE_RESERVE, room // 10)


def arenas_limit(network: Network, board: Board, ram_limit: int | None = None) -> int:
    """The most bytes of all arenas together: what an image's limit leaves, or the board."""
    free = sum(capacities(network, board).values())
    if ram_limit is None:
        return free
    return min(free, ram_limit - beside_arenas(network, board))


def image_ram(network: Network, board: Board, arenas: int) -> int:
    """Bytes of RAM that an image takes with so many bytes of arenas."""
    return arenas + beside_arenas(network, board)


def beside_arenas(network: Network, board: Board) -> int:
    """Bytes of an image's RAM that are no arena's: what its limit counts beside them."""
    tensors = network.input.size + network.output.size + sensor_ram(network, board)
    others = board.stack_size + mailbox_size(board) + dma_bytes(network, board)
    return tensors + others + firmware_data(network)


def firmware_data(network: Network) -> int:
    """Bytes of RAM that the firmware's own data and bss take beside the sensor's, rounded up."""
    return FIRMWARE_DATA + (FRONT_END_DATA if image_front_end(network) else 0)
