"""An endless, repeatable stream of training windows: recordings and synthetic sounds, mixed and augmented.

Batch k depends on the seed and on k alone, so that a run that was interrupted continues with the very
windows it would have seen. Memory is bounded whatever the length of the recordings: sounds live in two banks
that slide along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.train.augment import augment, normalize
from edgel3_deploy.train.recordings import EXCERPT_SECONDS, Recording, read_excerpt
from edgel3_deploy.train.sounds import urban_sound
from edgel3_deploy.train.synthesis import Sound

RECORDED_SHARE = 0.55
"""Share of windows that contain a recording; the rest is synthetic alone."""

_SYNTHETIC_SECONDS = 1.5
_SYNTHETIC_BANK = 3000
_EXCERPT_BANK = 512
_SYNTHETIC, _EXCERPT, _WINDOW = range(3)


class _SlidingBank:
    """Sounds by index, made when first asked for; at step k the indices from k * pace up are within reach."""

    def __init__(self, make: Callable[[int], Sound], size: int, pace: int) -> None:
        self._make = make
        self._size = size
        self._pace = pace
        self._sounds: dict[int, NDArray[np.float32]] = {}

    def draw(self, step: int, rng: np.random.Generator) -> Sound:
        """One of the sounds within reach at `step`."""
        first = step * self._pace
        index = first + int(rng.integers(self._size))
        if index not in self._sounds:
            if len(self._sounds) >= self._size:
                self._sounds = {kept: sound for kept, sound in self._sounds.items() if first <= kept}
            self._sounds[index] = self._make(index).astype(np.float32)
        return self._sounds[index].astype(np.float64)


class WindowStream:
    """Batches of one-second windows at `rate` Hz. Without recordings all windows are synthetic."""

    def __init__(self, recordings: Sequence[Recording], rate: int, batch_size: int, seed: int) -> None:
        self.rate = rate
        self.batch_size = batch_size
        self.seed = seed
        self._recordings = tuple(recordings)
        self._synthetic = _SlidingBank(self._make_synthetic, _SYNTHETIC_BANK, pace=2)
        self._excerpts = _SlidingBank(self._make_excerpt, _EXCERPT_BANK, pace=1)

    def batch(self, step: int) -> NDArray[np.float32]:
        """Batch number `step`: float32 (batch_size, rate). Raises BadInputError if a recording cannot be
        decoded.
        """
        rng = np.random.default_rng([self.seed, _WINDOW, step])
        return np.stack([self._window(step, rng) for _ in range(self.batch_size)]).astype(np.float32)

    def _make_synthetic(self, index: int) -> Sound:
        rng = np.random.default_rng([self.seed, _SYNTHETIC, index])
        return urban_sound(rng, int(_SYNTHETIC_SECONDS * self.rate), self.rate)

    def _make_excerpt(self, index: int) -> Sound:
        rng = np.random.default_rng([self.seed, _EXCERPT, index])
        recording = self._recordings[rng.integers(len(self._recordings))]
        speed = 1.0 if rng.random() < 0.25 else rng.uniform(0.7, 1.4)
        latest = max(recording.seconds - EXCERPT_SECONDS * speed, 0.0)
        return read_excerpt(recording, rng.uniform(0, latest) if latest else 0.0, self.rate, speed)

    def _window(self, step: int, rng: np.random.Generator) -> Sound:
        kind = rng.random() / RECORDED_SHARE if self._recordings else 1.0
        if kind < 0.6:
            parts = [self._recorded(step, rng)]
        elif kind < 0.8:
            parts = [self._recorded(step, rng) for _ in range(2)]
        elif kind < 1:
            parts = [
                self._recorded(step, rng),
                *(self._generated(step, rng) for _ in range(rng.integers(1, 3))),
            ]
        else:
            count = int(rng.choice([1, 2, 3, 4], p=[0.4, 0.3, 0.2, 0.1]))
            parts = [self._generated(step, rng) for _ in range(count)]
        mixed = normalize(parts[0])
        for part in parts[1:]:
            mixed = mixed + normalize(part) * 10 ** (rng.uniform(-25, 0) / 20)
        return augment(mixed, self._generated(step, rng), rng, self.rate)

    def _recorded(self, step: int, rng: np.random.Generator) -> Sound:
        window = _crop(self._excerpts.draw(step, rng), self.rate, rng)
        if rng.random() < 0.1:
            window = window[::-1]
        if rng.random() < 0.2:
            window = np.roll(window, rng.integers(self.rate))
        return window

    def _generated(self, step: int, rng: np.random.Generator) -> Sound:
        return _crop(self._synthetic.draw(step, rng), self.rate, rng)


def _crop(sound: Sound, length: int, rng: np.random.Generator) -> Sound:
    """`length` samples from a random place; a shorter sound lands at a random place in silence."""
    if len(sound) >= length:
        start = int(rng.integers(len(sound) - length + 1))
        return sound[start : start + length]
    window, start = np.zeros(length), int(rng.integers(length - len(sound) + 1))
    window[start : start + len(sound)] = sound
    return window
