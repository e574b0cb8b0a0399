"""Recordings to embed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 8_000


def write_recordings(folder: Path) -> Path:
    """Three short recordings in a new folder, one of them in a subfolder of it."""
    (folder / "night").mkdir(parents=True)
    random = np.random.default_rng(2)
    for name in ("a.wav", "b.flac", "night/c.ogg"):
        soundfile.write(folder / name, random.uniform(-0.5, 0.5, RATE), RATE)
    return folder
