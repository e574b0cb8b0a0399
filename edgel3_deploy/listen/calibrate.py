"""The offset of a sensor's levels, from an acoustic calibrator that sounds at its microphone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edgel3_deploy.audio.frontend import FrontEnd
from edgel3_deploy.audio.mel import mel_matrix
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.listen.heard import Event, Heard

SETTING = "calibration"
TONE_HZ = 1_000.0
"""Where the A curve is 0 dB, so that the calibrator's level is the A-weighted one."""
LEVELS_DB = (70.0, 130.0)
"""What calibrators give: 94, 104, 114 and 124 dB are usual."""
SECONDS = 5
"""Heard before a verdict; the first second, in which the filters settle, does not count."""
STEADY_DB = 0.5
"""Most between the highest and the lowest fast level: ample for a calibrator whose coupler sits tight."""
FULL_SCALE_DB = (-70.0, -1.0)
"""Plausible for a calibrator, in dB of full scale: above the noise of a microphone, below clipping. With any
of LEVELS_DB the offset is within the setting's range.
"""


@dataclass(frozen=True)
class Calibration:
    """`before` and `after` are the setting's values in 1/100 dB, `heard` the tone's level by the former, in
    dB; `spread` is that of the fast levels, in dB.
    """

    before: int
    after: int
    heard: float
    spread: float


def calibrate(events: Iterator[Event], level: float, before: int, front_end: FrontEnd) -> Calibration:
    """Hear SECONDS whole seconds of a tone of `level` dB, with the setting at `before`, and compute its new
    value.

    Raises BadInputError, in one line, if what is heard is no steady tone at TONE_HZ, too loud or too soft to
    be a calibrator, or over before enough was heard.
    """
    seconds = _seconds(events)
    levels = [each.levels for each in seconds if each.levels is not None]
    clipped = sum(each.record.clipped for each in seconds)
    if len(seconds) < SECONDS:
        raise _refused(f"only {len(seconds)} of {SECONDS} whole seconds were heard", "Let it sound longer.")
    mean = 10 * math.log10(sum(10 ** (each["laeq"] / 10) for each in levels) / len(levels))
    full_scale = mean - before / 100
    if clipped:
        raise _refused(
            f"{clipped:,} samples are clipped", "Lower the setting gain, or take a softer calibrator."
        )
    low, high = FULL_SCALE_DB
    if not low <= full_scale <= high:
        raise _refused(
            f"the level is {full_scale:.1f} dB of full scale, and a calibrator's is {low:.0f} to {high:.0f}",
            "Is the calibrator on, and its coupler over the right microphone?",
        )
    spread = max(each["lafmax"] for each in levels) - min(each["l90"] for each in levels)
    if spread > STEADY_DB:
        raise _refused(
            f"the level is not steady: fast levels differ by {spread:.1f} dB, more than {STEADY_DB} dB",
            "Let the coupler sit tight, keep still, and try again.",
        )
    loudest = _loudest_hz(seconds, front_end)
    if not loudest[0] <= TONE_HZ <= loudest[1]:
        raise _refused(
            f"what is loudest is at {loudest[0]:.0f} to {loudest[1]:.0f} Hz, not a tone at {TONE_HZ:.0f} Hz",
            "Take a calibrator of 1 kHz: there the A curve is 0 dB.",
        )
    after = round(before + 100 * (level - mean))
    return Calibration(before, after, mean, spread)


def _seconds(events: Iterator[Event]) -> list[Heard]:
    """A window of each whole second, without the first one and without those after a gap."""
    found: list[Heard] = []
    last = None
    for event in events:
        if not isinstance(event, Heard) or event.levels is None:
            continue
        second = int(event.seconds)
        if last is not None and second != last:
            found.append(event)
        last = second
        if len(found) == SECONDS:
            break
    return found


def _loudest_hz(seconds: list[Heard], front_end: FrontEnd) -> tuple[float, float]:
    """Where the loudest band begins and ends, with its neighbours: a tone between two bands is in both."""
    bands = np.mean([each.record.bands for each in seconds], axis=0)
    loudest = int(np.argmax(bands))
    matrix = mel_matrix(front_end)
    first, last = np.flatnonzero(matrix[:, max(loudest - 1, 0) : loudest + 2].any(axis=1))[[0, -1]]
    bin_hz = front_end.sample_rate / front_end.n_fft
    return float(first * bin_hz), float(last * bin_hz)


def _refused(what: str, hint: str) -> BadInputError:
    return BadInputError(f"not calibrated, nothing was changed: {what}", hint)
