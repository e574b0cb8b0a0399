"""What a session comes to."""

from __future__ import annotations

import pytest

from edgel3_deploy.link.protocol import CounterUnit
from edgel3_deploy.listen.heard import Summed
from edgel3_deploy.listen.lines import total_lines
from edgel3_deploy.listen.tally import Tally
from tests.listen.sensor import BANDS, a_sensor, a_window


def test_counts_of_a_session() -> None:
    tally = Tally(a_sensor())
    tally.add(a_window(5, gap=True, lost=10))
    tally.add(Summed(0.0, b"", {}))
    tally.add(a_window(8, missed=2, lost=12, gap=True, clipped=3))
    tally.add(a_window(9, lost=12))
    totals = tally.totals()
    assert (totals.windows, totals.missed, totals.lost, totals.gaps, totals.clipped) == (3, 2, 2, 1, 3)
    assert totals.seconds == 5.0
    assert totals.windows_per_second == pytest.approx(0.5)
    assert tally.windows_per_second == pytest.approx(0.5)
    assert totals.share == 0.25
    assert list(total_lines(a_sensor(), totals)) == [
        "heard    3 windows, 5.0 s of sound; 2 samples lost, 2 windows missed, 1 gap",
        "level    LAeq -30.0 dB, LAFmax -29.0 dB; 3 samples clipped",
        "speed    0.50 windows/s here; the board is busy 25.0% of real time",
        "labels   dog in 3 of 3 windows",
        "answer   dog 89%, all windows taken as one clip",
    ]


def test_nothing_heard() -> None:
    totals = Tally(a_sensor()).totals()
    assert (totals.windows, totals.seconds, totals.laeq, totals.answer) == (0, 0.0, None, ())
    assert list(total_lines(a_sensor(), totals)) == ["heard    0 windows, 0.0 s of sound; no sample lost"]


def test_the_level_of_a_session_is_the_mean_by_energy_of_its_seconds() -> None:
    """Two windows of half a second tell of the same second, which counts once."""
    sensor = a_sensor(hop=4_000)
    tally = Tally(sensor)
    for sequence, laeq in enumerate((-2000, -2000, -4000, -4000)):
        levels = {"laeq": laeq, "lafmax": laeq + 100}
        tally.add(a_window(sequence, sensor=sensor, end=8_000 + 4_000 * sequence, **levels))
    totals = tally.totals()
    assert totals.laeq == pytest.approx(-22.967, abs=0.001)
    assert totals.lafmax == -19.0


def test_labels_are_counted_by_windows() -> None:
    tally = Tally(a_sensor())
    for sequence, on in enumerate([(1, 1, 0), (0, 1, 0), (0, 0, 0)]):
        tally.add(a_window(sequence, present=tuple(map(bool, on))))
    totals = tally.totals()
    assert totals.on == {"car <horn>": 1, "dog": 2, "rain": 0}
    assert "labels   dog in 2, car <horn> in 1 of 3 windows" in list(total_lines(a_sensor(), totals))


def test_silence_has_no_say_in_the_answer() -> None:
    tally = Tally(a_sensor())
    tally.add(a_window(0))
    tally.add(a_window(1, bands=(90,) * BANDS, scores=(127, -128, -128)))
    assert tally.totals().answer == ("dog",)


def test_labels_that_may_come_together_are_above_their_thresholds() -> None:
    tally = Tally(a_sensor(exclusive=False, pooling="mean", thresholds=(0.9, 0.5, 0.3)))
    tally.add(a_window(0, scores=(80, 60, -40)))
    totals = tally.totals()
    assert totals.scores == {"car <horn>": 208 / 256, "dog": 188 / 256, "rain": 88 / 256}
    assert totals.answer == ("dog", "rain")


def test_instructions_are_no_share_of_time() -> None:
    sensor = a_sensor(counter=CounterUnit.INSTRUCTIONS)
    tally = Tally(sensor)
    tally.add(a_window(0, sensor=sensor))
    totals = tally.totals()
    assert (totals.share, totals.busy) == (None, 54e6)
    tally.add(a_window(1, sensor=sensor))
    assert "54.0 M instructions a window" in "\n".join(total_lines(sensor, tally.totals()))
