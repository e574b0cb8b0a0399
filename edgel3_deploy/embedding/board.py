"""What a board computes from PCM before its network runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.board_front_end import pcm_to_int8
from edgel3_deploy.audio.frontend import FrontEnd
from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.front_end import input_affine

ARITHMETIC = 1
"""Part of the identity of embeddings: raise it whenever the same PCM would give another input."""


def board_inputs(network: Network, front_end: FrontEnd, pcm: PcmArray) -> NDArray[np.int8]:
    """Windows of PCM, int16 (n, sample_rate), as the network's input: int8 (n, n_mels, frames, 1).

    Raises BadInputError for a network whose input's scale the front end cannot give.
    """
    to_int8 = input_affine(network)
    return np.stack([pcm_to_int8(window, front_end, to_int8) for window in pcm])
