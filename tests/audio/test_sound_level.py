"""Sound levels against the standard's formula and a reference in float64."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.audio import sound_level
from edgel3_deploy.audio.clips import find_clips, load_clip
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.audio.pcm import to_pcm
from edgel3_deploy.audio.sound_level import (
    BIN,
    LOWEST,
    Levels,
    a_curve_db,
    filtered,
    levels,
    log2,
    response_db,
    weighting,
)
from edgel3_deploy.errors import BadInputError

TOP_HZ = {8_000: 3_920.0, 16_000: 7_840.0, 48_000: 20_000.0}
LARGEST_ERROR_DB = {8_000: 0.01, 16_000: 0.02, 48_000: 0.05}
TABLE = {
    31.5: -39.4,
    63: -26.2,
    125: -16.1,
    250: -8.6,
    500: -3.2,
    1000: 0.0,
    2000: 1.2,
    4000: 1.0,
    8000: -1.1,
    16000: -6.6,
}
"""The standard's rounded values at nominal octave frequencies."""


def exact(nominal: float) -> float:
    """The exact frequency of a nominal octave: 1 kHz times a power of 10^0.3."""
    return float(1000 * 10 ** (0.3 * round(np.log10(nominal / 1000) / 0.3)))


def tone(rate: int, frequency: float, amplitude: float, seconds: float) -> NDArray[np.int16]:
    angle = 2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate
    return np.rint(amplitude * np.sin(angle)).astype(np.int16)


@pytest.mark.parametrize(("nominal", "decibels"), TABLE.items())
def test_the_formula_gives_the_table(nominal: float, decibels: float) -> None:
    assert a_curve_db(np.array([exact(nominal)]))[0] == pytest.approx(decibels, abs=0.06)


@pytest.mark.parametrize("rate", TOP_HZ)
def test_the_coefficients_follow_the_formula(rate: int) -> None:
    frequencies = np.geomspace(20.0, TOP_HZ[rate], 4_000)
    error = response_db(rate, frequencies) - a_curve_db(frequencies)
    assert np.abs(error).max() <= LARGEST_ERROR_DB[rate]


@pytest.mark.parametrize("rate", TOP_HZ)
def test_a_new_fit_is_not_much_better(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The coefficients are near a minimum of the squared error over frequencies evenly spaced in octaves."""
    from scipy import optimize

    frequencies = np.geomspace(20.0, TOP_HZ[rate], 300)
    wanted = a_curve_db(frequencies)

    def errors(biquad: NDArray[np.float64]) -> NDArray[np.float64]:
        monkeypatch.setitem(sound_level._BIQUADS, rate, tuple(biquad))
        weighting.cache_clear()
        return response_db(rate, frequencies) - wanted

    committed = np.array(sound_level._BIQUADS[rate])
    before = np.abs(errors(committed)).max()
    best = optimize.least_squares(errors, committed, diff_step=1e-3, max_nfev=30)
    after = np.abs(best.fun).max()
    monkeypatch.undo()
    weighting.cache_clear()
    assert after > before / 3


@pytest.mark.parametrize("rate", TOP_HZ)
def test_energies_stay_within_their_bounds(rate: int) -> None:
    """A step's by the largest sum that the filter can make of int16, a second's by its highest gain."""
    curve = weighting(rate)
    impulse = np.zeros(rate, np.float32)
    impulse[0] = 1
    response = sound_level._filtered(curve.sections, impulse, np.zeros((5, 2), np.float32))
    largest = float(np.abs(response.astype(np.float64)).sum()) * 2**15
    assert largest**2 * rate / 100 < 2**47
    highest = sound_level._gain(curve.sections, rate, np.linspace(1, rate / 2, 20_000)).max()
    assert (highest * 2**15) ** 2 * rate < 2**48
    assert 1 - curve.decay == curve.rise


def test_the_fast_filter_gives_the_bits_of_the_definition(clips: Path) -> None:
    pcm = to_pcm(load_clip(find_clips([clips])[0], L3).samples)[:6_000].astype(np.float32)
    sections = weighting(48_000).sections
    slow, fast = np.zeros((2, 5, 2), np.float32)
    np.testing.assert_array_equal(filtered(sections, pcm, slow), sound_level._filtered(sections, pcm, fast))
    np.testing.assert_array_equal(slow, fast)


def test_without_a_faithful_scipy_the_definition_itself_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    pcm = tone(8_000, 440.0, 9_000, 1)
    expected = levels(pcm, 8_000)
    monkeypatch.setattr(sound_level, "_scipy_is_exact", lambda: False)
    monkeypatch.setattr(sound_level, "_sosfilt", None)
    assert levels(pcm, 8_000) == expected


def _reference(rate: int, pcm: NDArray[np.int16]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squares weighted by A and their fast average, float64, in units of a full-scale sine's mean square."""
    from scipy import signal

    f1, f2, f3, _ = sound_level.POLES_HZ
    poles = np.exp(-2 * np.pi * np.array([f1, f1, f2, f3]) / rate)
    b1, b2, a1, a2 = sound_level._BIQUADS[rate]
    sections = np.vstack([signal.zpk2sos([1] * 4, poles, 1.0), [1, b1, b2, 1, a1, a2]])
    gain = abs(signal.sosfreqz(sections, [1000.0], fs=rate)[1][0])
    squares = (signal.sosfilt(sections, pcm.astype(np.float64)) / gain) ** 2 / 2**29
    decay = np.exp(-1 / (rate * 0.125))
    return squares, signal.lfilter([1 - decay], [1, -decay], squares)


def _hundredths(energy: float) -> float:
    return max(1000 * math.log10(max(energy, 1e-30)), LOWEST)


@pytest.mark.parametrize("front_end", [SEA, L3], ids=["8 kHz", "48 kHz"])
def test_real_recordings_are_within_a_hundredth_of_a_decibel(clips: Path, front_end: FrontEnd) -> None:
    rate = front_end.sample_rate
    for path in find_clips([clips]):
        pcm = to_pcm(load_clip(path, front_end).samples)
        squares, fast = _reference(rate, pcm)
        seconds, report = levels(pcm, rate)
        for index, second in enumerate(seconds):
            part = slice(index * rate, (index + 1) * rate)
            noted = np.sort(fast[part].reshape(100, -1)[:, -1])[::-1]
            wanted = (squares[part].mean(), fast[part].max(), noted[9], noted[49], noted[89])
            told = (second.laeq, second.lafmax, second.l10, second.l50, second.l90)
            for got, want in zip(told, wanted, strict=True):
                assert got == pytest.approx(_hundredths(want), abs=1.0), (path, index)
        if seconds:
            whole = len(seconds) * rate
            noted = np.sort(fast[:whole].reshape(len(seconds) * 100, -1)[:, -1])[::-1]
            exceeded = [noted[len(noted) * percent // 100 - 1] for percent in (10, 50, 90)]
            assert report.laeq == pytest.approx(_hundredths(squares[:whole].mean()), abs=1.0)
            assert report.lafmax == pytest.approx(_hundredths(fast[:whole].max()), abs=1.0)
            for got, want in zip((report.l10, report.l50, report.l90), exceeded, strict=True):
                assert got == pytest.approx(_hundredths(want), abs=BIN / 2 + 1)


@pytest.mark.parametrize("rate", TOP_HZ)
@pytest.mark.parametrize("nominal", [63, 250, 1000, 2000])
def test_a_tone_has_its_weighted_level(rate: int, nominal: float) -> None:
    frequency = exact(nominal)
    seconds, _ = levels(tone(rate, frequency, 3_276.8, 3), rate)
    expected = -2000 + 100 * a_curve_db(np.array([frequency]))[0]
    assert seconds[-1].laeq == pytest.approx(expected, abs=6)
    assert seconds[-1].lafmax == pytest.approx(expected, abs=30)


def test_fast_falls_by_35_db_a_second() -> None:
    """Exponentially with 125 ms, 10 log10(e) / 0.125 s, once a tone stops."""
    pcm = np.concatenate([tone(48_000, 1000.0, 20_000, 1), np.zeros(48_000, np.int16)])
    second = levels(pcm, 48_000)[0][1]
    assert second.l10 - second.l90 == pytest.approx(100 * 0.8 * 10 * np.log10(np.e) / 0.125, abs=2)


def test_silence_is_the_lowest_level() -> None:
    nothing = Levels(LOWEST, LOWEST, LOWEST, LOWEST, LOWEST)
    seconds, report = levels(np.zeros(96_000, np.int16), 48_000)
    assert seconds == (nothing, nothing)
    assert (report.laeq, report.lafmax) == (LOWEST, LOWEST)
    assert {report.l10, report.l50, report.l90} == {LOWEST + BIN // 2}
    assert levels(np.zeros(47_999, np.int16), 48_000) == ((), nothing)


@pytest.mark.parametrize("rate", TOP_HZ)
def test_full_scale(rate: int) -> None:
    """A square wave at Nyquist's half and noise of the largest values stay within what an integer holds."""
    for pcm in (
        np.tile(np.array([32767, 32767, -32768, -32768], np.int16), rate // 4),
        np.where(np.random.default_rng(0).random(rate) < 0.5, 32767, -32768).astype(np.int16),
    ):
        (second,), report = levels(pcm, rate)
        squares, _ = _reference(rate, pcm)
        assert second.laeq == pytest.approx(_hundredths(squares.mean()), abs=1.0)
        assert report.laeq == second.laeq


def test_a_gain_is_taken_out() -> None:
    pcm = tone(16_000, 1000.0, 8_000, 2)
    plain, amplified = (levels(pcm, 16_000, gain=gain)[0][1].laeq for gain in (1 << 16, 10 << 16))
    assert plain - amplified == pytest.approx(2000, abs=1)


def test_clipped_samples_are_told_by_the_second() -> None:
    clipped = np.zeros(16_000, np.bool_)
    clipped[[5, 7_999, 8_000]] = True
    seconds, report = levels(np.zeros(16_000, np.int16), 8_000, clipped=clipped.tolist())
    assert [second.clipped for second in seconds] == [2, 1]
    assert report.clipped == 3


@pytest.mark.parametrize("value", [1, 2, 3, 2**31, 2**32 - 1, 2**63, 2**64 - 1, 1234567890123])
def test_log2_is_exact_to_its_last_bit(value: int) -> None:
    from decimal import Decimal, getcontext

    getcontext().prec = 40
    expected = Decimal(value).ln() / Decimal(2).ln() * 65536
    assert -1 <= log2(value) - expected <= Decimal("1e-9")


def test_other_rates_are_refused() -> None:
    with pytest.raises(BadInputError, match="44100"):
        weighting(44_100)
