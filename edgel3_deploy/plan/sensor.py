"""The sensor in an image, which runs where there is a front end: the bytes that it takes."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.link.record import record_size
from edgel3_deploy.plan.front_end import image_front_end

_RAM = 9_808
_FLASH = 12_300
_RECORDS, _LABELS = 8, 32
"""Records that are held (firmware/application/records.h), and labels of each that room is kept for."""
_BLOCK = 600
"""Samples that are taken at once (firmware/application/hearing.h)."""


def sensor_ram(network: Network, board: Board) -> int:
    """Bytes of RAM beside the front end's and the microphone's ring."""
    front_end = image_front_end(network)
    if front_end is None:
        return 0
    records = _RECORDS * record_size(_LABELS, front_end.n_mels, network.output.size)
    # Samples of 16 bits become PCM where they are.
    wide = board.microphone is not None and board.microphone.bits > 16
    return _RAM + records + (4 * _BLOCK if wide else 0)


def sensor_flash(network: Network) -> int:
    """Bytes of flash: the sound path with its tables, the sensor, its requests, the microphone's driver."""
    return _FLASH if image_front_end(network) else 0
