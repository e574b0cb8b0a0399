"""Memory that DMA controllers write: the rings of the serial port and of the microphone."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.memories import DMA_RESERVE
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.front_end import image_front_end

_UART_RING = 2_048
_MICROPHONE_RING = 6_144
"""Samples where no memory is."""


def dma_bytes(network: Network, board: Board) -> int:
    """Bytes of `board.dma_ram`, or without one of the main RAM."""
    if board.family == "mps2-an500":
        return 0
    return _UART_RING + microphone_ring(network, board)


def microphone_ring(network: Network, board: Board) -> int:
    """Bytes of these that are the sensor's."""
    if not board.microphone or image_front_end(network) is None:
        return 0
    own = next((region.size for region in board.regions if region.name == board.dma_ram), None)
    if own is not None:
        return own - DMA_RESERVE
    return _MICROPHONE_RING * (2 if board.microphone.bits == 16 else 4)
