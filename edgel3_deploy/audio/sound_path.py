"""A microphone's samples to PCM at the network's rate and levels: the twin of firmware/sound/sound.c."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.compensate import compensate
from edgel3_deploy.audio.condition import GAIN_BITS, Samples, condition
from edgel3_deploy.audio.decimate import decimate, filters
from edgel3_deploy.audio.sound_level import Levels, levels


@dataclass(frozen=True)
class Heard:
    """PCM at the network's rate, int16, and levels of each whole second and of all of them together."""

    pcm: NDArray[np.int16]
    seconds: tuple[Levels, ...]
    report: Levels


def prepare(
    samples: Samples, rate: int, *, bits: int, gain: int, compensated: bool
) -> tuple[NDArray[np.int16], list[int]]:
    """PCM (n,) at the microphone's rate, amplified and `compensated`, and how often each was limited.

    Parameters and errors as of `hear`.
    """
    conditioned = condition(samples, rate, bits=bits, gain=gain)
    if not compensated:
        return conditioned.pcm, conditioned.clipped.astype(int).tolist()
    pcm, limited = compensate(conditioned.pcm)
    return pcm, (conditioned.clipped.astype(int) + limited).tolist()


def hear(
    samples: Samples,
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
    pcm, clipped = prepare(samples, rate, bits=bits, gain=gain, compensated=compensated)
    seconds, report = levels(pcm, rate, gain=gain, clipped=clipped)
    return Heard(decimate(pcm, stages), seconds, report)
