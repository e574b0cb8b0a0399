"""A generator of urban sounds: machines, signals, animals, voices, weather and impacts, none of them
recorded.

The classes follow the SONYC urban sound taxonomy (engine, machinery impact, non-machinery impact, powered
saw, alert signal, music, human voice, dog), with weather, birds and plain noises beside them. Parameters are
drawn widely: a student learns its teacher's response to any sound, so variety matters more than realism.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgel3_deploy.train.synthesis import (
    USABLE_BAND,
    Sound,
    band_pass,
    drift,
    envelope,
    harmonics,
    log_uniform,
    noise,
    phase_of,
    place,
    resonate,
    seconds,
)

Generator = Callable[[np.random.Generator, int, int], Sound]
"""(random generator, number of samples, sample rate in Hz) -> sound of that length, at any level."""


def engine(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Combustion engine: low harmonics, modulated at half their frequency, over rumble."""
    frequency = log_uniform(rng, 18, 150) * drift(rng, length, 0.08)
    tone = harmonics(rng, frequency, length, rate)
    tone /= tone.std() + 1e-9
    pulse: Sound = 1 + rng.uniform(0, 0.5) * np.sin(2 * np.pi * phase_of(frequency / 2, length, rate))
    return tone * pulse + log_uniform(rng, 0.03, 1) * noise(rng, length, rate, rng.uniform(-1, 0))


def siren(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Siren: a tone that wails, alternates or ramps."""
    cycle = seconds(length, rate) * log_uniform(rng, 0.2, 8) + rng.uniform(0, 1)
    shapes = (np.sin(2 * np.pi * cycle), np.sign(np.sin(2 * np.pi * cycle)), 2 * (cycle % 1) - 1)
    shape = shapes[rng.integers(3)]
    frequency = log_uniform(rng, 400, 1500) * 2 ** (rng.uniform(0.1, 0.5) * shape)
    return harmonics(rng, frequency, length, rate, count=int(rng.integers(1, 8)))


def horn(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Vehicle, ship or train horn: one to three steady tones with a soft start and end."""
    tone = np.zeros(length)
    for _ in range(rng.integers(1, 4)):
        tone += harmonics(rng, log_uniform(rng, 80, 900), length, rate, rng.uniform(0.2, 1.2))
    time = np.linspace(0, 1, length)
    begin, end = rng.uniform(-0.3, 0.5), rng.uniform(0.5, 1.3)
    rise = 1 / (1 + np.exp(-(time - begin) * rng.uniform(30, 300)))
    faded: Sound = tone * rise / (1 + np.exp((time - end) * rng.uniform(30, 300)))
    return faded


def alarm(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Beeper: a frequency-modulated tone, gated."""
    time = seconds(length, rate)
    frequency = log_uniform(rng, 500, 3500)
    modulation = rng.uniform(0, 2) * np.sin(2 * np.pi * frequency * log_uniform(rng, 0.1, 3) * time)
    gate = (time * log_uniform(rng, 0.8, 12) + rng.uniform(0, 1)) % 1 < rng.uniform(0.2, 0.9)
    tone: Sound = np.sin(2 * np.pi * frequency * time + modulation)
    return tone * gate


def _impact(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """One blow: a burst of noise and up to seven ringing modes."""
    time = seconds(length, rate)
    blow = rng.normal(size=length) * np.exp(-time / log_uniform(rng, 0.002, 0.3)) * log_uniform(rng, 0.05, 1)
    for _ in range(rng.integers(0, 8)):
        mode = np.sin(2 * np.pi * log_uniform(rng, 60, 0.475 * rate) * time)
        blow += log_uniform(rng, 0.05, 1) * mode * np.exp(-time / log_uniform(rng, 0.005, 0.6))
    return blow


def impacts(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Hammering, steps, clatter, or a single blow: impacts at a more or less regular pace."""
    sound, blow = np.zeros(length), _impact(rng, length, rate)
    period = log_uniform(rng, 0.03, 0.8) * rate
    position = rng.uniform(0, period)
    if rng.random() < 0.25:
        position, period = max(rng.uniform(-0.1, 0.9), 0) * length, 2.0 * length
    jitter, is_uniform = rng.uniform(0, 0.4), rng.random() < 0.6
    for number in range(50):
        if position >= length:
            break
        this = blow if is_uniform or number % 4 else _impact(rng, length, rate)
        place(sound, log_uniform(rng, 0.3, 1) * this, int(position))
        position += max(period * (1 + jitter * rng.normal()), 0.01 * rate)
    return sound


def saw(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Powered saw or grinder: a distorted sawtooth that labours, with noise."""
    frequency = log_uniform(rng, 60, 700) * drift(rng, length, 0.15)
    wave = 2 * (phase_of(frequency, length, rate) % 1) - 1
    wave = np.tanh(log_uniform(rng, 0.5, 5) * wave)
    wave += log_uniform(rng, 0.1, 2) * noise(rng, length, rate, rng.uniform(-0.3, 0.7))
    return wave * envelope(rng, length, 6, -15)


def speech(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Voice: glottal pulses or breath through three formants that change from syllable to syllable."""
    phase = phase_of(log_uniform(rng, 80, 350) * drift(rng, length, 0.1, 10), length, rate)
    source = (np.diff(np.floor(phase), prepend=0) > 0) + rng.normal(size=length) * log_uniform(
        rng, 0.005, 0.2
    )
    sound, position = np.zeros(length), 0
    while position < length:
        syllable = source[position : position + max(int(rng.uniform(0.05, 0.3) * rate), 1)]
        if rng.random() < 0.25:
            syllable = 0.15 * rng.normal(size=len(syllable))
        if rng.random() < 0.82:
            gains = (1, rng.uniform(0.2, 1), rng.uniform(0.05, 0.5))
            formants = ((250, 900), (800, 2300), (2200, 3600))
            voiced = sum(
                gain * resonate(syllable, log_uniform(rng, *formant), rng.uniform(4, 15), rate)
                for gain, formant in zip(gains, formants, strict=True)
            )
            fade = np.sqrt(np.hanning(len(syllable) + 2)[1:-1])
            place(sound, voiced * fade * log_uniform(rng, 0.2, 1), position)
        position += len(syllable)
    return sound


def _start(rng: np.random.Generator, length: int, part: int) -> int:
    """A random start for a part of a sound, so that all of it fits."""
    return int(rng.integers(0, max(length - part, 1)))


def bark(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Dog: one to four short, hoarse, arched tones."""
    sound = np.zeros(length)
    for _ in range(rng.integers(1, 5)):
        part = int(rng.uniform(0.06, 0.5) * rate)
        time = np.linspace(0, 1, part)
        frequency = log_uniform(rng, 150, 1200) * (1 + rng.uniform(-0.3, 1) * np.sin(np.pi * time))
        tone = harmonics(rng, frequency, part, rate, rng.uniform(0.2, 1.2))
        tone += log_uniform(rng, 0.02, 1) * rng.normal(size=part)
        tone *= time ** rng.uniform(0.1, 1) * (1 - time) ** rng.uniform(0.5, 2)
        place(sound, tone * log_uniform(rng, 0.2, 1), _start(rng, length, part))
    return sound


def bird(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Bird: up to eight gliding, trilling whistles."""
    sound = np.zeros(length)
    for _ in range(rng.integers(1, 9)):
        part = int(log_uniform(rng, 0.02, 0.4) * rate)
        time = np.linspace(0, 1, part)
        trill = rng.uniform(0, 0.3) * np.sin(2 * np.pi * log_uniform(rng, 1, 30) * time)
        frequency = log_uniform(rng, 700, 0.45 * rate) * 2 ** (rng.uniform(-0.7, 0.7) * time + trill)
        whistle = np.sin(2 * np.pi * phase_of(np.minimum(frequency, USABLE_BAND * rate), part, rate))
        whistle *= np.sin(np.pi * time) ** rng.uniform(0.3, 2)
        place(sound, whistle * log_uniform(rng, 0.1, 1), _start(rng, length, part))
    return sound


def music(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Music: two to eleven decaying notes of one equal-tempered scale, some with vibrato."""
    sound, root = np.zeros(length), log_uniform(rng, 60, 500)
    for _ in range(rng.integers(2, 12)):
        part = int(rng.uniform(0.1, 1) * rate)
        time = seconds(part, rate)
        vibrato = 1 + rng.uniform(0, 0.01) * np.sin(2 * np.pi * 6 * time)
        note = harmonics(
            rng, root * 2 ** (rng.integers(0, 25) / 12) * vibrato, part, rate, rng.uniform(0.5, 2), count=12
        )
        note *= np.exp(-time / log_uniform(rng, 0.05, 2))
        place(sound, note * log_uniform(rng, 0.2, 1), _start(rng, length, part))
    return sound


def wind(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Wind: low noise that swells."""
    return noise(rng, length, rate, rng.uniform(-2, -0.5)) * envelope(rng, length, int(rng.integers(2, 10)))


def hiss(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Steam, brakes, spray: bright noise, steady or fluctuating."""
    level = envelope(rng, length, int(rng.integers(1, 20)), rng.uniform(-40, -1))
    return noise(rng, length, rate, rng.uniform(-0.3, 1)) * level


def rain(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Rain: sparse drops through a resonance, over faint noise."""
    drops = (
        (rng.random(length) < log_uniform(rng, 0.002, 0.3))
        * rng.normal(size=length)
        * log_uniform(rng, 0.1, 1)
    )
    drops = resonate(drops, log_uniform(rng, 500, 3500), rng.uniform(0.5, 4), rate)
    return drops + log_uniform(rng, 1e-4, 0.05) * noise(rng, length, rate, 0.0)


def clicks(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Clicks: up to 200 impulses, each smeared over up to 7 ms."""
    sound, count = np.zeros(length), int(log_uniform(rng, 1, 200))
    sound[rng.integers(0, length, count)] = rng.normal(size=count)
    return np.convolve(sound, rng.normal(size=int(log_uniform(rng, 1, 0.0075 * rate))))[:length]


def band_noise(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Noise of one band, as ventilation or a distant crowd."""
    low = log_uniform(rng, 40, 0.375 * rate)
    high = min(low * log_uniform(rng, 1.2, 8), 0.494 * rate)
    band = band_pass(rng.normal(size=length), low, high, int(rng.integers(1, 5)), rate)
    return band * envelope(rng, length, int(rng.integers(1, 10)), rng.uniform(-30, -1))


def rotor(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Helicopter, fan, pump: noise chopped at the blade rate."""
    air = noise(rng, length, rate, rng.uniform(-1.5, 0.3))
    phase = phase_of(log_uniform(rng, 4, 60) * drift(rng, length, 0.03), length, rate)
    chop = (0.5 + 0.5 * np.sin(2 * np.pi * phase)) ** log_uniform(rng, 0.5, 12)
    return air * (log_uniform(rng, 0.01, 1) + chop)


def crackle(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Fire or sparks: noise in bursts of 5 ms."""
    burst = max(rate // 200, 1)
    count = length // burst + 1
    gates = (rng.random(count) < log_uniform(rng, 0.02, 0.5)) * rng.random(count) ** 2
    return noise(rng, length, rate, rng.uniform(-0.5, 0.8)) * np.repeat(gates, burst)[:length]


def boom(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Explosion or thunder: low noise with a sudden start and a long decay."""
    time = seconds(length, rate) - max(rng.uniform(-0.3, 0.7), 0)
    before = log_uniform(rng, 1e-4, 0.1)
    decay = np.exp(-np.maximum(time, 0) / log_uniform(rng, 0.05, 1))
    return noise(rng, length, rate, rng.uniform(-2, 0)) * np.where(time >= 0, decay, before)


def screech(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Brakes and metal: a high, unsteady tone with few harmonics."""
    frequency = np.minimum(log_uniform(rng, 300, 0.375 * rate) * drift(rng, length, 0.12, 10), 0.475 * rate)
    tone = harmonics(rng, frequency, length, rate, rng.uniform(0, 1), count=6) * envelope(rng, length, 8, -20)
    return tone + log_uniform(rng, 0.005, 0.3) * rng.normal(size=length)


SOUNDS: tuple[tuple[Generator, float], ...] = (
    (engine, 2),
    (siren, 1),
    (horn, 1),
    (alarm, 1),
    (impacts, 2),
    (saw, 1),
    (speech, 2),
    (bark, 1),
    (bird, 1),
    (music, 1),
    (wind, 1),
    (hiss, 2),
    (rain, 1),
    (clicks, 1),
    (band_noise, 2),
    (rotor, 1),
    (crackle, 1),
    (boom, 1),
    (screech, 1),
)
"""The generators and how often each is drawn, relative to the others."""

_WEIGHTS = np.array([weight for _, weight in SOUNDS])
_PROBABILITIES = _WEIGHTS / _WEIGHTS.sum()


def urban_sound(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """A random sound of `length` samples, at least 1 s of them, with a root mean square of one.

    Draws again in the rare case that a sound is silent or not finite.
    """
    while True:
        generator = SOUNDS[rng.choice(len(SOUNDS), p=_PROBABILITIES)][0]
        with np.errstate(over="ignore", invalid="ignore"):
            sound = generator(rng, length, rate)
            level = float(np.sqrt(np.mean(sound**2)))
        if np.isfinite(level) and level > 0:
            return sound / level
