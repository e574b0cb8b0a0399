"""Generated city sounds for trying a board without recordings: crude, seeded, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
_Generator = Callable[[np.random.Generator, int, NDArray[np.float64]], Samples]

SEED = 20190311


def generate(sample_rate: int, count: int) -> list[NDArray[np.float32]]:
    """`count` windows of one second, float32 (sample_rate,), peak at most 1, a quarter cut by silence.

    The first window is digital silence.
    """
    random = np.random.default_rng(SEED)
    time = np.arange(sample_rate) / sample_rate
    sounds = [np.zeros(sample_rate, np.float32)]
    for index in range(count - 1):
        sound = _KINDS[index % len(_KINDS)](random, sample_rate, time)
        other = _KINDS[random.integers(len(_KINDS))](random, sample_rate, time)
        sound = _normalize(sound) + random.choice([0.0, 0.03, 0.3]) * _normalize(other)
        sound = sound + 10 ** random.uniform(-5, -2) * random.normal(size=sample_rate)
        if index % 4 == 3:
            edge = int(random.uniform(0.1, 0.9) * sample_rate)
            sound[:edge] = 0.0
            sound = sound if random.random() < 0.5 else sound[::-1]
        sounds.append(_normalize(sound).astype(np.float32))
    return sounds[:count]


def _normalize(sound: Samples) -> Samples:
    return sound / max(float(np.abs(sound).max()), 1e-9)


def _noise(random: np.random.Generator, rate: int, time: Samples) -> Samples:
    """Coloured noise of wandering loudness (wind, rain, traffic)."""
    spectrum = random.normal(size=rate // 2 + 1) + 1j * random.normal(size=rate // 2 + 1)
    frequency = np.maximum(np.fft.rfftfreq(rate, 1 / rate), 20.0)
    sound = np.fft.irfft(spectrum * (frequency / 500) ** random.uniform(-1.5, 0.5), rate)
    return sound * np.interp(time, np.linspace(0, 1, 6), 10 ** random.uniform(-1, 0, 6))


def _tones(random: np.random.Generator, rate: int, time: Samples) -> Samples:
    """A few steady partials starting at different moments (horns, bells, alarms)."""
    sound = np.zeros(rate)
    for _ in range(random.integers(1, 6)):
        frequency = np.exp(random.uniform(np.log(80), np.log(0.45 * rate)))
        decay = np.exp(-time * random.choice([0.0, 2.0, 10.0]))
        sound += random.uniform(0.2, 1) * np.roll(
            np.sin(2 * np.pi * frequency * time) * decay, random.integers(rate)
        )
    return sound


def _siren(random: np.random.Generator, rate: int, time: Samples) -> Samples:
    """A harmonic tone swept up and down (sirens, whistles, birds)."""
    sweep = np.sin(2 * np.pi * random.uniform(0.3, 8) * time + random.uniform(0, 6))
    pitch = random.uniform(400, 1500) * 2 ** (random.uniform(0.1, 0.8) * sweep)
    return _harmonics(random, rate, pitch, random.uniform(0.3, 2))


def _engine(random: np.random.Generator, rate: int, time: Samples) -> Samples:
    """Low harmonics with drifting speed and some noise (engines, saws, propellers)."""
    drift = np.interp(time, np.linspace(0, 1, 5), random.uniform(0.8, 1.25, 5))
    sound = _harmonics(random, rate, random.uniform(20, 300) * drift, random.uniform(0.2, 1.5))
    return _normalize(sound) + random.uniform(0.02, 0.5) * _normalize(_noise(random, rate, time))


def _impulses(random: np.random.Generator, rate: int, time: Samples) -> Samples:
    """Decaying bursts, single or repeated (hammers, steps, barks, explosions)."""
    sound = np.zeros(rate)
    burst = random.normal(size=rate) * np.exp(-time / np.exp(random.uniform(np.log(0.002), np.log(0.3))))
    resonance = np.sin(2 * np.pi * random.uniform(60, 0.4 * rate) * time) * np.exp(
        -time / random.uniform(0.01, 0.3)
    )
    burst = burst + random.uniform(0, 2) * resonance
    for start in random.integers(0, rate, random.integers(1, 12)):
        sound[start:] += random.uniform(0.2, 1) * burst[: rate - start]
    return sound


def _harmonics(random: np.random.Generator, rate: int, pitch: Samples, tilt: float) -> Samples:
    """Partials of a moving `pitch` (Hz per sample) below the Nyquist frequency, falling as order ** -tilt."""
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    orders = range(1, max(2, min(32, int(0.48 * rate / pitch.max()) + 1)))
    return sum((k**-tilt * random.uniform(0.2, 1) * np.sin(k * phase) for k in orders), np.zeros(rate))


_KINDS: tuple[_Generator, ...] = (_noise, _tones, _siren, _engine, _impulses)
