"""What a board computes from PCM before its network runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import FrontEnd, log_mel
from edgel3_deploy.audio.pcm import FULL_SCALE, PcmArray
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.tensors import quantize_input

ARITHMETIC = 1
"""Part of the identity of embeddings: raise it whenever the same PCM would give another input."""


def board_inputs(network: Network, front_end: FrontEnd, pcm: PcmArray) -> NDArray[np.int8]:
    """Windows of PCM, int16 (n, sample_rate), as the network's input: int8 (n, n_mels, frames, 1)."""
    samples = pcm.astype(np.float32) / np.float32(FULL_SCALE)
    return quantize_input(network, np.stack([log_mel(window, front_end) for window in samples]))
