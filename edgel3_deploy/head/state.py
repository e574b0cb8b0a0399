"""Labels over time, in integers: the twin of firmware/head/label_state.c."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SCORE_ONE = 1 << 16
MOST_SMOOTHING = 8


@dataclass(frozen=True)
class LabelSettings:
    """What may be changed while the board runs: head_settings_t.

    The newest window weighs 2 ** -smoothing. A label is present from its `on` upwards until below its `off`,
    both uint16 (labels,), of SCORE_ONE.
    """

    smoothing: int
    on: NDArray[np.uint16]
    off: NDArray[np.uint16]


@dataclass(frozen=True)
class LabelState:
    """Smoothed scores, int64 (labels,) of SCORE_ONE, and which labels are present, bool (labels,)."""

    smoothed: NDArray[np.int64]
    present: NDArray[np.bool_]


def label_settings(
    thresholds: Sequence[float], *, smoothing: int = 2, hysteresis: float = 0.2
) -> LabelSettings:
    """Settings from a head's thresholds as probabilities; off lies lower by that share of each.

    Raises ValueError for a smoothing outside 0 to MOST_SMOOTHING, and for a hysteresis or thresholds outside
    0 to 1.
    """
    values = np.asarray(thresholds, np.float64)
    if not 0 <= smoothing <= MOST_SMOOTHING:
        raise ValueError(f"smoothing {smoothing}, not 0 to {MOST_SMOOTHING}")
    if not (0 <= hysteresis <= 1 and ((values >= 0) & (values <= 1)).all()):
        raise ValueError("thresholds and hysteresis are not 0 to 1")
    most = SCORE_ONE - 1
    on = np.minimum(np.rint(values * SCORE_ONE), most)
    off = np.floor(on * (1 - hysteresis))
    return LabelSettings(smoothing, on.astype(np.uint16), off.astype(np.uint16))


def take(state: LabelState | None, settings: LabelSettings, scores: NDArray[np.int8]) -> LabelState:
    """The state after one more window's scores, int8 (labels,); None before the first, which counts whole."""
    score = (scores.astype(np.int64) + 128) * 256
    if state is None:
        smoothed, present = score, np.zeros(len(scores), bool)
    else:
        distance = score - state.smoothed
        less = (1 << settings.smoothing) - 1
        smoothed = state.smoothed + np.sign(distance) * ((np.abs(distance) + less) >> settings.smoothing)
        present = state.present
    threshold = np.where(present, settings.off, settings.on).astype(np.int64)
    return LabelState(smoothed, smoothed >= threshold)
