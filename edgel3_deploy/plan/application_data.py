"""The application's static data, which no inference reads: how much there is, and which RAM region has it."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.sensor import sensor_ram

_OTHERS = 3_072
"""Bytes of settings, requests, console and a usual head's scratch beside the sensor's, rounded up."""


def application_data(network: Network, board: Board) -> int:
    """Bytes of the linker script's section .application."""
    return sensor_ram(network, board) + _OTHERS


def application_region(network: Network, board: Board) -> str:
    """The RAM region of the application's data.

    The last one, so the slowest, beside the main RAM and the DMA's that holds them: the main RAM is left to
    what is hot. The main RAM itself where there is no other.
    """
    size = application_data(network, board)
    others = (r for r in reversed(board.ram) if r.name not in (board.main_ram, board.dma_ram))
    return next((region.name for region in others if region.size >= size), board.main_ram)
