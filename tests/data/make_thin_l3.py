"""Sounds and a teacher for thin-l3.tflite (see README.md): python make_thin_l3.py FOLDER

FOLDER gets `sounds`, to train and calibrate on, `others`, to judge on, and `teacher.h5`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile

from edgel3_deploy.audio.frontend import L3
from edgel3_deploy.train.sounds import urban_sound
from tests.models.synthetic_weights import lively_arrays, write_weights

SECONDS = 3


def write_sounds(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for number in range(count):
        sound = urban_sound(random, SECONDS * L3.sample_rate, L3.sample_rate)
        sound *= 0.9 / max(float(np.abs(sound).max()), 1e-9)
        soundfile.write(folder / f"{number:02}.wav", sound, L3.sample_rate)


def main(folder: Path) -> None:
    write_sounds(folder / "sounds", 24, seed=1)
    write_sounds(folder / "others", 8, seed=2)
    write_weights(folder / "teacher.h5", lively_arrays((16, 32, 64, 64), "l3", seed=3))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
