"""Building blocks of synthetic sounds: noise, harmonics, resonances and envelopes, all drawn from one random
generator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

USABLE_BAND = 0.4875
"""Share of the sample rate up to which tones are placed; just below Nyquist, where resamplers already roll
off.
"""


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between `low` and `high`, uniform on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def seconds(length: int, rate: int) -> Sound:
    """Time of each sample in seconds."""
    return np.arange(length) / rate


def phase_of(frequency: Sound | float, length: int, rate: int) -> Sound:
    """Phase in cycles of an oscillator with the given frequency in Hz, constant or one value a sample."""
    return np.cumsum(np.broadcast_to(frequency, (length,))) / rate


def drift(rng: np.random.Generator, length: int, amount: float, knots: int = 6) -> Sound:
    """A positive factor that wanders around one: the exponential of a random walk with steps of `amount`."""
    walk = np.cumsum(rng.normal(0, amount, knots + 1))
    factor: Sound = np.exp(np.interp(np.linspace(0, knots, length), np.arange(knots + 1), walk))
    return factor


def envelope(rng: np.random.Generator, length: int, knots: int = 8, lowest_db: float = -25.0) -> Sound:
    """A gain that moves linearly in decibels between random levels from `lowest_db` to 0."""
    levels = rng.uniform(lowest_db, 0, knots + 1)
    decibels: Sound = np.interp(np.linspace(0, knots, length), np.arange(knots + 1), levels)
    gain: Sound = 10 ** (decibels / 20)
    return gain


def noise(rng: np.random.Generator, length: int, rate: int, slope: float | None = None) -> Sound:
    """Gaussian noise of unit deviation whose amplitude spectrum goes with frequency ** slope (drawn if
    None).
    """
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    frequencies[0] = frequencies[1]
    slope = rng.uniform(-1.5, 0.5) if slope is None else slope
    spectrum = rng.normal(size=frequencies.size) + 1j * rng.normal(size=frequencies.size)
    shaped: Sound = np.fft.irfft(spectrum * (frequencies / 500) ** slope, length)
    shaped /= shaped.std() + 1e-12
    return shaped


def harmonics(
    rng: np.random.Generator,
    frequency: Sound | float,
    length: int,
    rate: int,
    tilt: float | None = None,
    *,
    count: int = 40,
) -> Sound:
    """A harmonic tone below the end of the usable band; amplitudes fall with number ** -tilt (drawn if
    None).
    """
    phase = 2 * np.pi * phase_of(frequency, length, rate)
    tilt = rng.uniform(0.3, 2) if tilt is None else tilt
    count = max(int(min(count, USABLE_BAND * rate // float(np.max(frequency)))), 1)
    tone = np.zeros(length)
    for number in range(1, count + 1):
        amplitude = number**-tilt * log_uniform(rng, 0.1, 1)
        tone += amplitude * np.sin(number * phase + rng.uniform(0, 2 * np.pi))
    return tone


def resonate(sound: Sound, frequency: float, quality: float, rate: int) -> Sound:
    """`sound` through one resonance at `frequency` Hz."""
    from scipy import signal

    numerator, denominator = signal.iirpeak(min(frequency, USABLE_BAND * rate), quality, rate)
    filtered: Sound = signal.lfilter(numerator, denominator, sound)
    return filtered


def band_pass(sound: Sound, low: float, high: float, order: int, rate: int) -> Sound:
    """`sound` through a Butterworth band pass from `low` to `high` Hz."""
    from scipy import signal

    sections = signal.butter(order, [low, high], "band", fs=rate, output="sos")
    filtered: Sound = signal.sosfilt(sections, sound)
    return filtered


def place(target: Sound, sound: Sound, start: int) -> None:
    """Add `sound` to `target` from sample `start`, as far as it reaches."""
    end = min(start + len(sound), len(target))
    target[start:end] += sound[: end - start]
