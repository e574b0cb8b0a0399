"""A recording as a sensor's source: through the board's microphone, or played over the link."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgel3_deploy.audio.clips import load_clip
from edgel3_deploy.audio.frontend import FrontEnd
from edgel3_deploy.audio.pcm import PcmArray, to_pcm
from edgel3_deploy.link.protocol import MAX_CHUNK, SAMPLE_BYTES

CHUNK_SAMPLES = MAX_CHUNK // SAMPLE_BYTES
"""Of one request."""


def source_pcm(path: Path, front_end: FrontEnd, source_rate: int) -> tuple[PcmArray, tuple[str, ...]]:
    """A recording as int16 (n,) at the source's rate, and what is odd about it.

    A recording of less than a window has zeros behind it. Raises BadInputError as `load_clip` does.
    """
    clip = load_clip(path, replace(front_end, sample_rate=source_rate))
    pcm = to_pcm(clip.samples)
    if len(pcm) < source_rate:
        pcm = np.pad(pcm, (0, source_rate - len(pcm)))
    return pcm, clip.warnings


def window_count(samples: int, source_rate: int, rate: int, hop: int) -> int:
    """How many windows of a second end within that many samples at `source_rate`; `hop` is at `rate`."""
    heard = samples * rate // source_rate
    return 1 + (heard - rate) // hop if heard >= rate else 0


class Pace:
    """Holds back what is played so that it is not faster than real time."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._started = time.monotonic()

    def wait(self, samples: int) -> None:
        """Return when `samples` from the start would have sounded."""
        time.sleep(max(0.0, self._started + samples / self._rate - time.monotonic()))
