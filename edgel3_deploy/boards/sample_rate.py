"""The rate at which a board's microphone is really sampled: what its dividers make of the clocks."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board, PdmMicrophone
from edgel3_deploy.boards.sai import CLOCKS_PER_SAMPLE


def sample_rate(board: Board) -> float:
    """Samples a second from exact clocks; 0.0 without a microphone, or where no divider was found for it."""
    microphone = board.microphone
    if isinstance(microphone, PdmMicrophone):
        dfsdm = microphone.dfsdm
        return board.clock.cpu_hz / (2 * dfsdm.divider * dfsdm.oversampling) if dfsdm else 0.0
    if microphone is None or microphone.pll is None:
        return 0.0
    return board.clock.hse_hz * microphone.pll.n / (microphone.pll.total * CLOCKS_PER_SAMPLE)
