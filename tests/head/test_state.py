"""Labels over time: what smoothing and hysteresis are for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgel3_deploy.head.state import MOST_SMOOTHING, LabelState, label_settings, take


def run(scores: list[int], **settings: Any) -> list[bool]:
    """Whether the only label is present after each window; its threshold is 0.5."""
    chosen = label_settings([0.5], **settings)
    state: LabelState | None = None
    present = []
    for score in scores:
        state = take(state, chosen, np.array([score], np.int8))
        present.append(bool(state.present[0]))
    return present


def test_hysteresis_keeps_a_label_that_wavers() -> None:
    wavering = [0, -20, 0, -20, -60]  # 0.5, 0.42, 0.5, 0.42, 0.27
    assert run(wavering, smoothing=1, hysteresis=0.0) == [True, False, True, False, False]
    assert run(wavering, smoothing=1, hysteresis=0.2) == [True, True, True, True, False]


def test_smoothing_ignores_a_single_window() -> None:
    assert run([-128, -128, 127, -128, -128], smoothing=4) == [False] * 5
    assert run([-128, 127, 127, 127, 127, 127], smoothing=4)[-1]


@pytest.mark.parametrize("smoothing", [1, 2, 7, MOST_SMOOTHING])
@pytest.mark.parametrize("score", [-128, -1, 127])
def test_the_mean_arrives_at_a_steady_score(smoothing: int, score: int) -> None:
    settings = label_settings([0.5], smoothing=smoothing)
    state = take(None, settings, np.array([5], np.int8))
    for _ in range(4000):
        state = take(state, settings, np.array([score], np.int8))
    assert state.smoothed[0] == (score + 128) * 256


def test_thresholds_stay_within_a_byte_and_off_never_above_its_share() -> None:
    """256ths of 1 would wrap to 0, at which a label is always present."""
    settings = label_settings([0.0, 0.37, 1.0], hysteresis=0.2)
    assert settings.on.tolist() == [0, 95, 255]
    assert settings.off.tolist() == [0, 76, 204]
    assert label_settings([0.39], hysteresis=0.15).off.tolist() == [85]


@pytest.mark.parametrize("settings", [{"smoothing": 256}, {"smoothing": 0}, {"hysteresis": 1.5}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not"):
        label_settings([0.5], **settings)
