"""Ten seconds of sound for the demo: a helicopter, then a chainsaw, or generated sounds without these.

`python -m edgel3_deploy.listen.ten_seconds RECORDINGS FILE.wav` looks for both in the folder that
`edgel3_deploy.audio.opensfx` writes.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from edgel3_deploy.audio.clips import load_clip
from edgel3_deploy.audio.frontend import L3, SEA, FloatArray
from edgel3_deploy.audio.pcm import to_pcm
from edgel3_deploy.errors import EdgeL3DeployError
from edgel3_deploy.fileio import write_atomically
from edgel3_deploy.quantize.synthetic import generate

SECONDS = 10
SOUNDS = ("helicopter.wav", "lumber_mill_chainsaw.wav")
"""Each of them for its share of the time, over and over."""


def ten_seconds(recordings: Path) -> tuple[FloatArray, int, str]:
    """Samples float32 (10 * rate,) of full scale 1.0, their rate, and what they are in words.

    Raises BadInputError for a recording that cannot be read.
    """
    found = [path for name in SOUNDS for path in sorted(recordings.glob(f"*/{name}"))[:1]]
    if len(found) < len(SOUNDS):
        return np.concatenate(generate(SEA.sample_rate, SECONDS + 1)[1:]), SEA.sample_rate, "generated sounds"
    share = SECONDS * L3.sample_rate // len(SOUNDS)
    parts = [np.resize(load_clip(path, L3).samples, share) for path in found]
    return np.concatenate(parts), L3.sample_rate, ", then ".join(path.stem for path in found)


def main(arguments: Sequence[str]) -> int:
    """The program; its exit code."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m edgel3_deploy.listen.ten_seconds RECORDINGS FILE.wav\n")
        return 2
    try:
        samples, rate, what = ten_seconds(Path(arguments[0]))
        wav = io.BytesIO()
        soundfile.write(wav, to_pcm(samples), rate, format="WAV", subtype="PCM_16")
        write_atomically(Path(arguments[1]), wav.getvalue())
    except EdgeL3DeployError as error:
        sys.stderr.write(f"Error: {error.message}\n{error.hint}\n")
        return int(error.exit_code)
    sys.stdout.write(f"{arguments[1]}: {SECONDS} s of {what}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
