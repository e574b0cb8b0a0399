"""A microphone's samples to PCM at the network's rate and levels: the twin of firmware/sound/sound.c."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.compensate import compensate
from edgel3_deploy.audio.condition import GAIN_BITS, condition
from edgel3_deploy.audio.decimate import decimate, filters
from edgel3_deploy.audio.sound_level import Levels, levels


@dataclass(frozen=True)
class Heard:
    """PCM at the network's rate, int16, and levels of each whole second and of all of them together."""

    pcm: NDArray[np.int16]
    seconds: tuple[Levels, ...]
    report: Levels


def hear(
    samples: Sequence[int],
    rate: int,
    target: int,
    *,
    bits: int = 24,
    gain: int = 1 << GAIN_BITS,
    compensated: bool = False,
) -> Heard:
    """What a board makes of a microphone's `samples`, of 16 or 24 `bits` at `rate`, from a silent past.

    `compensated`: they have passed a sinc filter, which the board makes up for.

    Raises BadInputError for rates without filters, ValueError as `condition` does.
    """
    stages = filters(rate, target)
    conditioned = condition(samples, rate, bits=bits, gain=gain)
    pcm, clipped = conditioned.pcm, conditioned.clipped.astype(np.int64)
    if compensated:
        pcm, limited = compensate(pcm)
        clipped += limited
    seconds, report = levels(pcm, rate, gain=gain, clipped=clipped.tolist())
    return Heard(decimate(pcm, stages), seconds, report)
