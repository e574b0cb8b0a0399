"""What a record means, in floats and names."""

from __future__ import annotations

import numpy as np

from edgel3_deploy.link.protocol import CounterUnit
from tests.listen.sensor import BANDS, a_sensor, a_window


def test_times_are_of_sound_and_name_the_middle_of_the_window() -> None:
    window = a_window(2)
    assert (window.seconds, window.timestamp) == (3.0, 2.5)


def test_levels_are_absent_before_the_first_whole_second() -> None:
    assert a_window(0, has_levels=False).levels is None
    assert a_window(0).levels == {"laeq": -30.0, "lafmax": -29.0, "l10": -29.5, "l50": -30.1, "l90": -31.0}


def test_scores_and_embeddings_are_real_numbers() -> None:
    window = a_window(0, scores=(-128, 0, 127), smoothed=(0, 128, 255))
    assert window.scores.tolist() == [0.0, 0.5, 255 / 256]
    assert window.smoothed.tolist() == [0.0, 0.5, 255 / 256]
    assert window.embedding.dtype == np.float32
    assert window.embedding.tolist() == [(value + 3) * 0.5 for value in range(8)]


def test_the_share_of_real_time_needs_a_clock() -> None:
    assert a_window(0).share == 0.25
    assert a_window(0, sensor=a_sensor(hop=4_000)).share == 0.5
    assert a_window(0, sensor=a_sensor(counter=CounterUnit.INSTRUCTIONS)).share is None
    assert a_window(0, sensor=a_sensor(counter=None)).share is None


def test_digital_silence_is_the_same_level_in_all_bands() -> None:
    assert a_window(0, bands=(90,) * BANDS).is_silent
    assert not a_window(0).is_silent
