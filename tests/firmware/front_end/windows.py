"""Windows of PCM that front ends are tried on: hostile ones, and those of real recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgel3_deploy.audio.clips import find_clips, load_clip, windows
from edgel3_deploy.audio.front_end_tables import Affine, affine
from edgel3_deploy.audio.frontend import FrontEnd
from edgel3_deploy.audio.pcm import PcmArray, to_pcm


def some_affine() -> Affine:
    """An affine whose range of 80 dB is all of int8, as a network's usually is."""
    return affine(1.0, 0.0, 80 / 255, 127)


def hostile(front_end: FrontEnd) -> dict[str, PcmArray]:
    """Windows at the ends of what int16 holds, by what they are: int16 (sample_rate,)."""
    count = front_end.sample_rate
    rng = np.random.default_rng(5)
    time = np.arange(count)
    square = np.where(time % 2, -32768, 32767)
    one, last = np.zeros(count), np.zeros(count)
    one[count // 3], last[-1] = 32767, -32768
    found = {
        "silence": np.zeros(count),
        "noise of 1 LSB": rng.integers(-1, 2, count),
        "noise of full scale": rng.integers(-32768, 32768, count),
        "lowest": np.full(count, -32768),
        "highest": np.full(count, 32767),
        "DC of 1 LSB": np.ones(count),
        "impulse": one,
        "impulse at the end": last,
        "square at Nyquist": square,
        "square of 997 Hz": np.where(np.sin(2 * np.pi * 997 / count * time) > 0, 32767, -32768),
        "silence, then noise": np.where(time < count // 2, 0, rng.integers(-32768, 32768, count)),
        "chirp": 32767 * np.sin(np.pi * time * time / count / 2),
    }
    return {name: np.rint(values).astype(np.int16) for name, values in found.items()}


def recorded(clips: Path, front_end: FrontEnd, hop_seconds: float, most: int | None = None) -> PcmArray:
    """Windows of the recordings in a folder, `most` at most: int16 (n, sample_rate)."""
    paths: Sequence[Path] = find_clips([clips])
    found: list[PcmArray] = []
    for path in paths:
        views, _ = windows(load_clip(path, front_end), front_end, hop_seconds)
        found.extend(to_pcm(view) for view in views)
    step = 1 if most is None else -(-len(found) // most)
    return np.stack(found[::step])
