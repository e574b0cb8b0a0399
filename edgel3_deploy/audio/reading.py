"""Audio files through libsndfile: all channels averaged, and what is odd about a file in words."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import FloatArray
from edgel3_deploy.audio.unfinished import completed, completed_caf
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import is_file

CANCELLED_DB = 40.0
"""How far the mix of the channels may lie below them before that is worth a warning."""

CheckSize = Callable[[Path, int, int], None]

UNKNOWN_FRAMES = 1 << 62
"""From so many frames on the header says nothing of the length: a FLAC that was written into a pipe."""

_BLOCK = 1 << 12
"""Frames read at once, of which a broken stream loses one lot at most."""
_SLACK = 8
"""Bytes by which writers miscount the size of a whole file."""
_HINT = "Convert it to WAV or FLAC."
_PROMISED_BYTES = re.compile(
    r"^ *(data|SSND|Data Size|FORM|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.MULTILINE
)
_PROMISED_FRAMES = re.compile(r"^ *Frames *: (\d+)$", re.MULTILINE)
_TRUNCATED = "Seems to be a truncated file"
"""What libsndfile notes of sizes that a file does not have."""


@dataclass(frozen=True)
class Mono:
    """float32 `samples` (n,) at `rate` Hz, and what the user should know about their file."""

    samples: FloatArray
    rate: int
    warnings: tuple[str, ...] = ()


def open_sound(path: Path) -> Any:
    """`path` as a soundfile.SoundFile, whatever bytes its name has. Raises what soundfile raises."""
    import soundfile

    if path.suffix.lower() == ".raw":
        raise soundfile.SoundFileRuntimeError("a .raw has no header, which would say its rate")
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
        caf = completed_caf(path)
        with open_sound(path) if caf is None else soundfile.SoundFile(caf) as file:
            if caf is not None:
                mono = _read(path, file, check_size, compared=False)
                warnings = [f"{path}: its header says another size than the file has; read to its end"]
            elif file.frames:
                mono = _read(path, file, check_size)
                warnings = [warning for warning in (_cut_short(path, file, mono.samples.size),) if warning]
            elif (content := completed(path)) is not None:
                with soundfile.SoundFile(content) as sound:
                    mono = _read(path, sound, check_size, compared=False)
                warnings = [f"{path}: its header says 0 bytes; read what follows the header"]
            else:
                mono = Mono(np.zeros(0, np.float32), file.samplerate)
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


def _read(path: Path, file: Any, check_size: CheckSize, *, compared: bool = True) -> Mono:
    """All frames, and how far they go where the stream is damaged, unless the length is `compared` with what
    a header promises.
    """
    known = file.frames < UNKNOWN_FRAMES
    check_size(path, file.frames if known else 0, file.samplerate)
    # soundfile seeks behind each block, which not every codec and no file of unknown length can do.
    file.seekable = lambda: False
    blocks: list[FloatArray] = []
    frames, channels, mixed = 0, 0.0, 0.0
    # Not file.blocks, which needs to know where a file that cannot be searched ends.
    while (block := _next_block(file, is_first=not blocks)) is not None and len(block):
        blocks.append(mix(block))
        frames += len(block)
        check_size(path, frames, file.samplerate)
        if file.channels > 1:
            channels += energy(block) / file.channels
            mixed += energy(blocks[-1])
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    warnings = [cancellation(str(path), channels, mixed)] if file.channels > 1 else []
    if block is None and not (known and compared):
        warnings.append(f"{path}: damaged behind {frames / file.samplerate:.1f} s; read what is before")
    return Mono(samples, int(file.samplerate), tuple(warning for warning in warnings if warning))


def _next_block(file: Any, is_first: bool) -> NDArray[np.float32] | None:
    """The next frames, (n, channels), 0 of them at the end; None where the stream is damaged behind sound."""
    import soundfile

    try:
        block: NDArray[np.float32] = file.read(_BLOCK, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        if is_first:
            raise
        return None
    return block


def _cut_short(path: Path, file: Any, frames: int) -> str:
    """A warning if the header promises more than was read: the rest is not there, or damaged."""
    if frames < file.frames < UNKNOWN_FRAMES or _is_missing(file.extra_info, frames):
        seconds = frames / file.samplerate
        return f"{path}: cut short: its header promises more than the {seconds:.1f} s that are there"
    return ""


def _is_missing(notes: str, frames: int) -> bool:
    """Whether libsndfile's `notes` tell of more than the `frames` that were read."""
    for name, promised, there in _PROMISED_BYTES.findall(notes):
        if int(promised) > int(there) + (0 if name in ("data", "SSND") else _SLACK):
            return True
    frame_counts = (int(count) for count in _PROMISED_FRAMES.findall(notes))
    return _TRUNCATED in notes or any(frames < count < UNKNOWN_FRAMES for count in frame_counts)


def _reason(error: BaseException) -> str:
    text = str(getattr(error, "error_string", "") or error or type(error).__name__).rstrip(".")
    # libsndfile's own words for a sample rate of 0, two chunks of data, or an ID3 tag and nothing else.
    if "SF_INFO" in text or "nternal error" in text:
        return "its header is incomplete or contradicts itself"
    return "Format not recognised" if "does not exist" in text else text.removeprefix("Error : ")
