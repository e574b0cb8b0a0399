"""Audio files through libsndfile: all channels averaged, and what is odd about a file in words."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import FloatArray
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import is_file

CANCELLED_DB = 40.0
"""How far the mix of the channels may lie below them before that is worth a warning."""

CheckSize = Callable[[Path, int, int], None]

_BLOCK = 1 << 16
_HINT = "Convert it to WAV or FLAC."


@dataclass(frozen=True)
class Mono:
    """float32 `samples` (n,) at `rate` Hz, and what the user should know about their file."""

    samples: FloatArray
    rate: int
    warnings: tuple[str, ...] = ()


def open_sound(path: Path) -> Any:
    """`path` as a soundfile.SoundFile, whatever bytes its name has. Raises what soundfile raises."""
    import soundfile

    return soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else str(path))


def read_mono(path: Path, check_size: CheckSize) -> Mono:
    """All frames of `path`, averaged over its channels; read in blocks to bound memory.

    `check_size` gets the path, frames and rate before anything is read, and raises for what is too much.
    Raises BadInputError for a file that is absent, not audio or empty.
    """
    import soundfile

    if not is_file(path):
        raise BadInputError(f"{path}: no such file", "Check the path of the recordings.")
    warnings = []
    try:
        with open_sound(path) as file:
            if file.frames:
                mono = _read(path, file, check_size)
                warnings = [warning for warning in (_cut_short(path, file, mono.samples.size),) if warning]
            else:
                rest = _behind_header(path, file)
                with rest if rest is not None else file as sound:
                    mono = _read(path, sound, check_size)
                if mono.samples.size:
                    warnings = [f"{path}: its header says 0 bytes; read what follows the header"]
    except (soundfile.SoundFileError, OSError, RuntimeError, MemoryError) as error:
        raise BadInputError(f"{path}: not readable as audio ({_reason(error)})", _HINT) from error
    if mono.samples.size == 0:
        raise BadInputError(f"{path}: holds no audio", "Leave it out, or record it again.")
    return Mono(mono.samples, mono.rate, (*warnings, *mono.warnings))


def mix(samples: NDArray[np.floating[Any]]) -> FloatArray:
    """The mean over channels: (n, channels) -> float32 (n,)."""
    with np.errstate(invalid="ignore", over="ignore"):
        mixed: FloatArray = samples.mean(axis=1).astype(np.float32, copy=False)
    return mixed


def cancellation(name: str, channels: float, mixed: float) -> str:
    """A warning if channels cancel each other, from the mean energy of a channel and that of the mix."""
    if not (0 < channels < np.inf) or mixed > channels * 10 ** (-CANCELLED_DB / 10):
        return ""
    below = f"{10 * np.log10(channels / mixed):.0f} dB" if mixed else "infinitely far"
    return f"{name}: the channels cancel each other: their mix is {below} below them"


def energy(samples: NDArray[np.floating[Any]]) -> float:
    """The sum of squares, in float64."""
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.square(samples, dtype=np.float64).sum())


def _read(path: Path, file: Any, check_size: CheckSize) -> Mono:
    check_size(path, file.frames, file.samplerate)
    blocks, channels, mixed = [], 0.0, 0.0
    # Not file.blocks, which needs to know where a file that cannot be searched ends.
    while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
        blocks.append(mix(block))
        if file.channels > 1:
            channels += energy(block) / file.channels
            mixed += energy(blocks[-1])
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    warning = cancellation(str(path), channels, mixed) if file.channels > 1 else ""
    return Mono(samples, int(file.samplerate), (warning,) if warning else ())


def _cut_short(path: Path, file: Any, frames: int) -> str:
    """A warning if the header promises more than the file holds."""
    promised = re.search(r"^data : (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
    if frames < file.frames or (promised is not None and int(promised[1]) > int(promised[2])):
        seconds = frames / file.samplerate
        return f"{path}: cut short: its header promises more than the {seconds:.1f} s that are there"
    return ""


def _behind_header(path: Path, file: Any) -> Any:
    """The samples behind a WAV header that says 0 bytes, as a recorder that lost power leaves it; or None."""
    import soundfile

    if file.format not in ("WAV", "WAVEX"):
        return None
    with path.open("rb") as stream:
        header = stream.read(1 << 12)
        start = header.find(b"data\0\0\0\0")
        if start < 0:
            return None
        stream.seek(start + 8)
        content = stream.read(1 << 31)
    return soundfile.SoundFile(
        io.BytesIO(content), "r", file.samplerate, file.channels, file.subtype, "LITTLE", "RAW"
    )


def _reason(error: BaseException) -> str:
    text = str(getattr(error, "error_string", "") or error or type(error).__name__).rstrip(".")
    # libsndfile's own words for a sample rate of 0, or two chunks of data.
    return (
        "its header is incomplete or contradicts itself"
        if "SF_INFO" in text
        else text.removeprefix("Error : ")
    )
