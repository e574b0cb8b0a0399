"""What the driver of a virtual board's microphone gives of a recording, from its start on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.boards.board import Board, PdmMicrophone
from edgel3_deploy.boards.dfsdm import ORDER
from edgel3_deploy.emulate.stm32.dfsdm import converted
from edgel3_deploy.emulate.stm32.sai import sampled


def delivered(board: Board, sound: NDArray[np.float32]) -> NDArray[np.signedinteger[Any]]:
    """Samples (n,) of the microphone's `bits` from sound (n,) of full scale 1.0 at its rate: int16 or int32.

    Those of a PDM microphone are as much behind as the sinc filter's model is, and as little there of high
    frequencies as it leaves: the board makes up for that (`hear(compensated=True)`).
    """
    microphone = board.microphone
    assert microphone is not None
    if not isinstance(microphone, PdmMicrophone):
        return sampled(sound)
    assert microphone.dfsdm is not None
    return (converted(sound, ORDER, microphone.dfsdm.oversampling, 0) >> 8).astype(np.int16)
