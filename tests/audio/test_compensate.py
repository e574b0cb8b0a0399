"""The sinc filter's droop is made up for, by taps that cannot be better and sums that cannot overflow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.audio.compensate import (
    FRACTION_BITS,
    LENGTH,
    TOP,
    compensate,
    gain_db,
    sinc_db,
    taps,
)
from edgel3_deploy.boards.dfsdm import CLOCK_HZ

OVERSAMPLING = 50
RATE = 48_000
RIPPLE_DB = 0.0148
TURNS = np.linspace(1e-4, TOP, 4_000)


def test_what_is_left_of_the_droop_is_a_ripple() -> None:
    assert sinc_db(np.array([TOP]), OVERSAMPLING)[0] == pytest.approx(-10.56, abs=0.005)
    assert np.abs(sinc_db(TURNS, OVERSAMPLING) + gain_db(TURNS)).max() <= RIPPLE_DB


def test_above_the_band_nothing_is_raised_beyond_what_it_was() -> None:
    turns = np.linspace(TOP, 0.5, 500)
    assert (sinc_db(turns, OVERSAMPLING) + gain_db(turns)).max() < 0.02


@pytest.mark.parametrize("oversampling", [21, 30, 67])
def test_other_oversamplings_differ_little(oversampling: int) -> None:
    """All that the microphone's clock allows at 48 kHz."""
    assert CLOCK_HZ[0] <= RATE * oversampling <= CLOCK_HZ[1]
    assert np.abs(sinc_db(TURNS, oversampling) + gain_db(TURNS)).max() < 0.04


def test_the_taps_are_the_best_of_their_number() -> None:
    """As linear programming finds them: the smallest largest error."""
    from scipy.optimize import linprog

    turns = np.linspace(1e-6, TOP, 600)
    middle = LENGTH // 2 - 1
    cosines = np.cos(2 * np.pi * np.outer(turns, np.arange(middle + 1)))
    cosines[:, 1:] *= 2
    passed = cosines * 10 ** (sinc_db(turns, OVERSAMPLING)[:, None] / 20)
    error = np.ones((len(turns), 1))
    found = linprog(
        [*[0] * (middle + 1), 1],
        A_ub=np.vstack([np.hstack([passed, -error]), np.hstack([-passed, -error])]),
        b_ub=np.concatenate([np.ones(len(turns)), -np.ones(len(turns))]),
        bounds=[(None, None)] * (middle + 2),
    )
    best = np.rint(found.x[:-1] * 2**FRACTION_BITS)
    assert np.abs(taps()[LENGTH // 2 :] - best).max() <= 1


def test_taps_are_symmetric_and_no_sum_overflows() -> None:
    assert taps()[1:].tolist() == taps()[:0:-1].tolist()
    largest = np.abs(taps().astype(np.int64)).sum() * 2**15 + (1 << (FRACTION_BITS - 1))
    assert largest < 2**31


@pytest.mark.parametrize("frequency", [100.0, 1_000.0, 8_000.0, 16_000.0, 20_000.0])
def test_tones_come_out_as_the_gain_says(frequency: float) -> None:
    tone = np.rint(8_000 * np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE)).astype(np.int16)
    pcm, limited = compensate(tone)
    assert not limited.any()
    level = 10 * math.log10(2 * (pcm[100:].astype(float) ** 2).mean() / 8_000**2)
    assert level == pytest.approx(gain_db(np.array([frequency / RATE]))[0], abs=0.01)


def test_a_pulse_comes_out_as_the_taps_and_later() -> None:
    pulse = np.zeros(40, np.int16)
    pulse[0] = 1 << FRACTION_BITS
    pcm, _ = compensate(pulse)
    assert pcm[:LENGTH].tolist() == taps()[::-1].tolist()
    assert int(np.abs(pcm).argmax()) == LENGTH // 2 - 1


def test_what_exceeds_int16_is_limited_and_told() -> None:
    square = np.where(np.arange(200) % 2, 32_767, -32_768).astype(np.int16)
    pcm, limited = compensate(square)
    assert limited[LENGTH:].all()
    assert set(np.abs(pcm[LENGTH:].astype(int)).tolist()) == {32_767, 32_768}


@given(st.lists(st.integers(-(2**15), 2**15 - 1), max_size=60))
def test_every_sample_gives_one(values: list[int]) -> None:
    pcm, limited = compensate(np.array(values, np.int16))
    assert len(pcm) == len(limited) == len(values)
