"""The tables of the sound path as C: taps, the A curve's coefficients, shifts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgel3_deploy.audio import compensate, condition, decimate, sound_level
from edgel3_deploy.boards.board import Board
from edgel3_deploy.codegen import ctext
from edgel3_deploy.codegen.render import render

SOURCE = "sound_tables.c"
INCLUDE = "sound/sound.h"
PLAYED_RATE = 48_000
"""Samples a second of what a host plays to a board without microphone."""


def source_rate(board: Board) -> int:
    """Samples a second that the sensor of `board` takes, from its microphone or played."""
    return board.microphone.rate if board.microphone else PLAYED_RATE


def sound_files(rate: int, target: int, *, compensated: bool = False) -> Mapping[str, bytes]:
    """The file that defines `sound_tables` for a microphone at `rate` and a network at `target`.

    `compensated`: the microphone's samples pass a sinc filter, which is to be made up for.

    Raises BadInputError for rates without filters or A curve.
    """
    return {SOURCE: sound_tables(rate, target, compensated=compensated)}


def sound_tables(rate: int, target: int, name: str = "sound_tables", *, compensated: bool = False) -> bytes:
    """The tables by another name too, for images that have several."""
    filters = decimate.filters(rate, target)
    curve = sound_level.weighting(rate)
    return render(
        "sound_tables.c.j2",
        include=INCLUDE,
        name=ctext.identifier(name),
        rate=rate,
        target=target,
        corner=condition.corner_hz(rate),
        mean_shift=condition.shift(rate),
        compensation=ctext.rows(compensate.taps()) if compensated else "",
        filters=[(stage, ctext.rows(stage.taps)) for stage in filters],
        curve=curve,
        poles=[_float(value) for value in curve.poles],
        biquad=[_float(value) for value in curve.biquad],
        rise=_float(curve.rise),
        decay=_float(curve.decay),
    )


def _float(value: np.float32) -> str:
    """A float32 as C text that stands for exactly this value."""
    return f"{float(value).hex()}F"
