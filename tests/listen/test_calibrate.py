"""Calibration: what is taken for a calibrator, and what is not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from edgel3_deploy.audio.frontend import SEA, log_mel
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.link.settings import setting_names
from edgel3_deploy.listen.calibrate import FULL_SCALE_DB, LEVELS_DB, SETTING, calibrate
from edgel3_deploy.listen.heard import Event
from tests.listen.sensor import a_window


def bands_of(frequency: float) -> tuple[int, ...]:
    """Levels of a tone in the bands of the sea front end, 1 dB a step."""
    tone = np.sin(2 * np.pi * frequency * np.arange(8_000) / 8_000).astype(np.float32)
    return tuple(int(level) for level in log_mel(tone, SEA).mean(axis=1) + 40)


def tone(frequency: float = 1_000.0, **levels: Any) -> Iterator[Event]:
    """Seconds of a tone at -26 dB of full scale, steady within 0.1 dB."""
    facts = {"laeq": -2600, "lafmax": -2595, "l10": -2597, "l50": -2600, "l90": -2605}
    for sequence in range(20):
        yield a_window(sequence, bands=bands_of(frequency), **{**facts, **levels})


def test_the_offset_makes_the_level_that_of_the_calibrator() -> None:
    found = calibrate(tone(), 94.0, 0, SEA)
    assert (found.before, found.after) == (0, 12_000)
    assert found.heard == pytest.approx(-26.0)
    assert found.spread == pytest.approx(0.1)


def test_a_former_offset_is_in_what_is_heard() -> None:
    """The microphone gives -26 dB of full scale still; the levels told are 119 dB higher."""
    assert calibrate(tone(laeq=9_300, lafmax=9_305, l90=9_295), 94.0, 11_900, SEA).after == 12_000


def test_the_second_from_before_the_session_does_not_count() -> None:
    def events() -> Iterator[Event]:
        yield a_window(0, laeq=-9_000, lafmax=-9_000, l90=-9_000)
        yield from itertools.islice(tone(), 1, None)

    assert calibrate(events(), 94.0, 0, SEA).after == 12_000


@pytest.mark.parametrize(
    ("levels", "problem"),
    [
        ({"l90": -2700}, "not steady: fast levels differ by 1.1 dB"),
        ({"clipped": 5}, "25 samples are clipped"),
        ({"laeq": -9_000, "lafmax": -8_990, "l90": -9_010}, "-90.0 dB of full scale"),
        ({"laeq": -50, "lafmax": -45, "l90": -52}, "-0.5 dB of full scale"),
        ({"frequency": 250.0}, "not a tone at 1000 Hz"),
        ({"frequency": 2_000.0}, "not a tone at 1000 Hz"),
        ({"has_levels": False}, "only 0 of 5 whole seconds"),
    ],
)
def test_what_is_no_calibrator_is_refused(levels: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadInputError, match=problem) as refused:
        calibrate(tone(**levels), 94.0, 0, SEA)
    assert refused.value.message.startswith("not calibrated, nothing was changed: ")
    assert "\n" not in refused.value.message and refused.value.hint


def test_every_offset_that_can_come_out_fits_the_setting() -> None:
    setting = setting_names()[SETTING][1]
    for level, full_scale in product(LEVELS_DB, FULL_SCALE_DB):
        assert setting.low <= 100 * (level - full_scale) <= setting.high
