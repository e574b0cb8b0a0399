"""Labels over time, in integers: the twin of firmware/head/label_state.c."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_SMOOTHING = 255


@dataclass(frozen=True)
class LabelSettings:
    """What may be changed while the board runs: head_settings_t.

    The newest window weighs 1 / smoothing. A label is present from its `on` upwards until below its `off`,
    both uint8 (labels,), in 256ths.
    """

    smoothing: int
    on: NDArray[np.uint8]
    off: NDArray[np.uint8]


@dataclass(frozen=True)
class LabelState:
    """Smoothed scores, int64 (labels,) in 65536ths, and which labels are present, bool (labels,)."""

    smoothed: NDArray[np.int64]
    present: NDArray[np.bool_]


def label_settings(
    thresholds: Sequence[float], *, smoothing: int = 3, hysteresis: float = 0.2
) -> LabelSettings:
    """Settings from a head's thresholds as probabilities; off lies lower by that share of each.

    Raises ValueError for a smoothing outside 1 to MOST_SMOOTHING, and for a hysteresis or thresholds outside
    0 to 1.
    """
    values = np.asarray(thresholds, np.float64)
    if not 1 <= smoothing <= MOST_SMOOTHING:
        raise ValueError(f"smoothing {smoothing}, not 1 to {MOST_SMOOTHING}")
    if not (0 <= hysteresis <= 1 and ((values >= 0) & (values <= 1)).all()):
        raise ValueError("thresholds and hysteresis are not 0 to 1")
    on = np.minimum(np.rint(values * 256), 255)
    off = np.floor(on * (1 - hysteresis))
    return LabelSettings(smoothing, on.astype(np.uint8), off.astype(np.uint8))


def take(state: LabelState | None, settings: LabelSettings, scores: NDArray[np.int8]) -> LabelState:
    """The state after one more window's scores, int8 (labels,); None before the first, which counts whole."""
    score = (scores.astype(np.int64) + 128) * 256
    if state is None:
        smoothed, present = score, np.zeros(len(scores), bool)
    else:
        distance = score - state.smoothed
        steps = -(-np.abs(distance) // settings.smoothing)
        smoothed = state.smoothed + np.sign(distance) * steps
        present = state.present
    threshold = np.where(present, settings.off, settings.on).astype(np.int64) * 256
    return LabelState(smoothed, smoothed >= threshold)
