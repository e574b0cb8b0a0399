"""What happens to a sound on its way to a microphone: echo, colour, background, level, clipping, 16 bits."""

from __future__ import annotations

import numpy as np

from edgel3_deploy.train.synthesis import Sound, envelope, log_uniform, noise

_EQUALIZER_KNOTS = 7


def normalize(sound: Sound) -> Sound:
    """`sound` with a root mean square of one; silence stays silence."""
    normalized: Sound = sound / (np.sqrt(np.mean(sound**2)) + 1e-12)
    return normalized


def augment(sound: Sound, background: Sound, rng: np.random.Generator, rate: int) -> Sound:
    """One random variant of a window: float64 (n,) -> float64 (n,), within full scale.

    `background` is another sound of the same length, used as the noise behind it now and then.
    """
    if rng.random() < 0.8:
        sound = _through_a_room(sound, background, rng, rate)
    if rng.random() < 0.5:
        sound = _resampler_roll_off(sound, rng, rate)
    if rng.random() < 0.3:
        sound = sound * envelope(rng, len(sound), int(rng.integers(1, 6)), rng.uniform(-40, -3))
    if rng.random() < 0.12:
        sound = _cut(sound, rng)
    return _digitize(sound, rng)


def _through_a_room(sound: Sound, background: Sound, rng: np.random.Generator, rate: int) -> Sound:
    """Background noise, then one linear filter: equalizer, echo and a low or high pass, each by chance."""
    length = len(sound)
    padded = 1 << (2 * length - 1).bit_length()
    frequencies = np.fft.rfftfreq(padded, 1 / rate).astype(np.float64)
    response = np.ones(frequencies.size, np.complex128)
    if rng.random() < 0.6:
        octaves = np.log(np.maximum(frequencies, 40) / 40) / np.log(rate / 80)
        gains = rng.normal(0, log_uniform(rng, 2, 10), _EQUALIZER_KNOTS)
        response *= 10 ** (np.interp(octaves, np.linspace(0, 1, _EQUALIZER_KNOTS), gains) / 20)
    if rng.random() < 0.3:
        response *= np.fft.rfft(_echo(rng, length, rate), padded)
    if rng.random() < 0.4:
        response *= _roll_off(frequencies, rng, rate)
    if rng.random() < 0.65:
        behind = background if rng.random() < 0.3 else noise(rng, length, rate)
        level = np.sqrt(np.mean(sound**2)) * 10 ** (rng.uniform(-80, -5) / 20)
        sound = sound + normalize(behind) * level
    heard: Sound = np.fft.irfft(np.fft.rfft(sound, padded) * response, padded)[:length]
    return heard


def _echo(rng: np.random.Generator, length: int, rate: int) -> Sound:
    """Impulse response of a room: the direct sound and an exponentially decaying tail of 30 ms to 1 s."""
    tail = min(int(log_uniform(rng, 0.03, 1) * rate), length)
    impulse = np.zeros(length)
    decay = np.exp(-5 * np.arange(tail) / tail)
    impulse[:tail] = rng.normal(size=tail) * decay * log_uniform(rng, 0.02, 0.5) * np.sqrt(8_000 / rate)
    impulse[0] += 1
    return impulse


def _roll_off(frequencies: Sound, rng: np.random.Generator, rate: int) -> Sound:
    """Amplitude response of a low pass, or less often a high pass, of random order."""
    if rng.random() < 0.7:
        relative = frequencies / log_uniform(rng, 800, 0.4875 * rate)
        exponent = 2 * rng.integers(1, 30)
    else:
        relative = log_uniform(rng, 30, 800) / np.maximum(frequencies, 1)
        exponent = 2 * rng.integers(1, 6)
    response: Sound = 1 / np.sqrt(1 + relative**exponent)
    return response


def _resampler_roll_off(sound: Sound, rng: np.random.Generator, rate: int) -> Sound:
    """The steep roll-off just below Nyquist that a resampled recording has."""
    frequencies = np.fft.rfftfreq(len(sound), 1 / rate)
    response = np.interp(frequencies, [rng.uniform(0.4375, 0.48) * rate, 0.4999 * rate], [1, 1e-3])
    filtered: Sound = np.fft.irfft(np.fft.rfft(sound) * response, len(sound))
    return filtered


def _cut(sound: Sound, rng: np.random.Generator) -> Sound:
    """Digital silence before or after a random moment, as where a clip begins or ends within a window."""
    sound, moment = sound.copy(), int(rng.integers(len(sound) // 40, len(sound) - len(sound) // 40))
    if rng.random() < 0.5:
        sound[:moment] = 0
    else:
        sound[moment:] = 0
    return sound


def _digitize(sound: Sound, rng: np.random.Generator) -> Sound:
    """Some peak level, now and then overdriven, and mostly rounded to 16 bits."""
    peak = 10 ** (rng.uniform(-50, 0) / 20) if rng.random() < 0.6 else 0.7
    sound = sound * (peak / (np.abs(sound).max() + 1e-12))
    if rng.random() < 0.15:
        sound = np.clip(sound * log_uniform(rng, 1, 8), -1, 1)
    if rng.random() < 0.7:
        sound = np.round(sound * 32_767) / 32_768
    return sound
