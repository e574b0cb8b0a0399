"""The package's functions for Python: names, windows and order of arguments as in the edgel3 package."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import MAX_SECONDS, SAMPLE_RATES, Clip, clip_of
from edgel3_deploy.audio.frontend import FloatArray, FrontEnd
from edgel3_deploy.audio.reading import cancellation, energy, mix
from edgel3_deploy.embedding.compute import embed_clip
from edgel3_deploy.embedding.files import Settings, embed_file, output_name
from edgel3_deploy.embedding.model import Arithmetic, EmbeddingModel, open_model
from edgel3_deploy.errors import BadInputError, EdgeL3DeployWarning, UsageError
from edgel3_deploy.progress import Progress, silent

_MOST_CHANNELS = 64

Timestamps = NDArray[np.float64]
AnyModel = str | Path | EmbeddingModel | None
Paths = list[str] | list[Path] | list[str | Path] | tuple[str | Path, ...]


def load_model(
    model: str | Path | None = None,
    arithmetic: Arithmetic | None = None,
    *,
    calibration: Sequence[str | Path] = (),
    progress: Progress = silent,
) -> EmbeddingModel:
    """Load a model once, to embed many sounds with it.

    `model` is a family name such as "sea-64", "bundled", or the path of an EdgeL3 .h5, .h5.gz or full-int8
    .tflite; by default sea-64 if it is at hand, else the bundled model. `arithmetic` is "float" (what weights
    have by default) or "board" (what a .tflite has, and nothing else). Weights are quantized for "board" as
    `edgel3-deploy build` does it, with the recordings in `calibration`: the same weights and recordings give
    the board's very model.

    Raises UsageError for a name nobody bears, an unknown arithmetic, float arithmetic of a .tflite, or
    calibration that would have no effect; BadInputError for files that cannot be used. Warns
    (EdgeL3DeployWarning) of what the user should know about the model.
    """
    loaded = open_model(model, arithmetic, [Path(path) for path in calibration], progress)
    _warn(loaded.warnings)
    return loaded


@overload
def get_embedding(
    audio: NDArray[Any],
    sr: float,
    model: AnyModel = ...,
    hop_size: float = ...,
    center: bool = ...,
    arithmetic: Arithmetic | None = ...,
    *,
    progress: Progress = ...,
) -> tuple[FloatArray, Timestamps]: ...


@overload
def get_embedding(
    audio: Sequence[NDArray[Any]],
    sr: float | Sequence[float],
    model: AnyModel = ...,
    hop_size: float = ...,
    center: bool = ...,
    arithmetic: Arithmetic | None = ...,
    *,
    progress: Progress = ...,
) -> tuple[list[FloatArray], list[Timestamps]]: ...


def get_embedding(
    audio: NDArray[Any] | Sequence[NDArray[Any]],
    sr: float | Sequence[float],
    model: AnyModel = None,
    hop_size: float = 0.1,
    center: bool = True,
    arithmetic: Arithmetic | None = None,
    *,
    progress: Progress = silent,
) -> tuple[FloatArray | list[FloatArray], Timestamps | list[Timestamps]]:
    """Embeddings of sound, one a window of a second.

    Parameters: `audio` is (n,) or (n, channels), floating point with full scale 1, or integers with their
    type's full scale; or a list of such. `sr` is its sample rate in Hz, a list for a list if they differ; the
    sound is mixed to mono and resampled to the model's rate. `model` and `arithmetic` are those of
    `load_model`, or a loaded model. `hop_size` is in seconds; with `center` half a second of zeros goes in
    front, so that timestamps name the middle of the windows. "board" arithmetic gives bit by bit what a board
    with this model computes from the sound rounded to int16.

    Returns float32 (windows, size) and the windows' times in seconds, float64 (windows,); for a list of
    sounds two lists. Raises BadInputError for audio that is empty, not finite or of another shape, UsageError
    for other arguments that do not work; warns (EdgeL3DeployWarning) of silence and of less than a second.
    """
    several = isinstance(audio, (list, tuple))
    sounds: list[Any] = list(audio) if several else [audio]
    rates = _rates(sr, len(sounds), several)
    _check_windows(hop_size, center)
    loaded = _loaded(model, arithmetic, progress)
    names = [f"audio[{index}]" if several else "audio" for index in range(len(sounds))]
    clips = [
        _clip(name, sound, rate, loaded.front_end)
        for name, sound, rate in zip(names, sounds, rates, strict=True)
    ]
    found = []
    for index, clip in enumerate(clips):
        if several:
            progress("embedding", index, len(clips))
        found.append(embed_clip(clip, loaded, hop_size, center, silent if several else progress))
        _warn(found[-1].warnings)
    if several:
        return [each.embedding for each in found], [each.timestamps for each in found]
    return found[0].embedding, found[0].timestamps


@overload
def process_file(
    filepath: str | Path,
    output_dir: str | Path | None = ...,
    suffix: str | None = ...,
    model: AnyModel = ...,
    hop_size: float = ...,
    center: bool = ...,
    *,
    arithmetic: Arithmetic | None = ...,
    progress: Progress = ...,
) -> Path: ...


@overload
def process_file(
    filepath: Paths,
    output_dir: str | Path | None = ...,
    suffix: str | None = ...,
    model: AnyModel = ...,
    hop_size: float = ...,
    center: bool = ...,
    *,
    arithmetic: Arithmetic | None = ...,
    progress: Progress = ...,
) -> list[Path]: ...


def process_file(
    filepath: str | Path | Paths,
    output_dir: str | Path | None = None,
    suffix: str | None = None,
    model: AnyModel = None,
    hop_size: float = 0.1,
    center: bool = True,
    *,
    arithmetic: Arithmetic | None = None,
    progress: Progress = silent,
) -> Path | list[Path]:
    """Embed a recording, or several, and write the edgel3 package's .npz: `embedding` and `timestamps`.

    The file is NAME.npz, or NAME_SUFFIX.npz with a `suffix`, in `output_dir`, else beside the recording; it
    is written whole or not at all. The other parameters are those of `get_embedding`.

    Returns the path written, a list for a list. Raises and warns as `get_embedding` does, and BadInputError
    for a file that is absent, not audio or longer than an hour.
    """
    several = not isinstance(filepath, (str, Path))
    recordings = [Path(path) for path in ([filepath] if isinstance(filepath, (str, Path)) else filepath)]
    _check_windows(hop_size, center)
    loaded = _loaded(model, arithmetic, progress)
    settings = Settings(hop_size, center)
    folder = Path(output_dir) if output_dir is not None else None
    written = []
    for index, recording in enumerate(recordings):
        if several:
            progress("embedding", index, len(recordings))
        output = (folder or recording.parent) / output_name(recording.stem, suffix)
        _warn(embed_file(recording, output, loaded, settings, silent if several else progress).warnings)
        written.append(output)
    return written if several else written[0]


def _loaded(model: AnyModel, arithmetic: Arithmetic | None, progress: Progress) -> EmbeddingModel:
    if not isinstance(model, EmbeddingModel):
        if model is not None and not isinstance(model, (str, Path)):
            raise UsageError(
                f"a model of type {type(model).__name__}", "Give a name, a path or what load_model returned."
            )
        model = load_model(model, arithmetic, progress=progress)
    elif arithmetic not in (None, model.arithmetic):
        raise UsageError(
            f"{model.name} was loaded for {model.arithmetic} arithmetic, not {arithmetic}",
            f'Load it with load_model(..., arithmetic="{arithmetic}").',
        )
    return model


def _clip(name: str, audio: NDArray[Any], rate: int, front_end: FrontEnd) -> Clip:
    audio = np.asarray(audio)
    if audio.ndim not in (1, 2):
        raise BadInputError(f"{name}: of {audio.ndim} dimensions", "Give (samples,) or (samples, channels).")
    if audio.size == 0:
        raise BadInputError(f"{name}: holds no audio", "Give at least one sample.")
    if audio.ndim == 2 and audio.shape[1] > _MOST_CHANNELS:
        raise BadInputError(
            f"{name}: {audio.shape[1]} channels", "Give (samples, channels); transpose (channels, samples)."
        )
    channels = _full_scale_1(name, audio).reshape(len(audio), -1)
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite there, and refused
        mono = mix(channels)
        count = channels.shape[1]
        warning = cancellation(name, energy(channels) / count, energy(mono)) if count > 1 else ""
    return clip_of(Path(name), mono, rate, front_end, (warning,) if warning else ())


def _full_scale_1(name: str, audio: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """Floating point as it is, integers over their type's range."""
    if np.issubdtype(audio.dtype, np.floating):
        return audio.astype(np.float32) if audio.dtype.itemsize < 4 else audio
    if not np.issubdtype(audio.dtype, np.integer):
        raise BadInputError(f"{name}: samples of type {audio.dtype}", "Give floating point or integers.")
    half = 1 << (8 * audio.dtype.itemsize - 1)
    middle = half if np.issubdtype(audio.dtype, np.unsignedinteger) else 0
    return (audio.astype(np.float64) - middle) / half


def _rates(sr: float | Sequence[float], count: int, several: bool) -> list[int]:
    listed: Iterable[Any] = sr if several and isinstance(sr, (list, tuple)) else [sr] * count
    rates = [_rate(rate) for rate in listed]
    if len(rates) != count:
        raise UsageError(f"{len(rates)} sample rates for {count} sounds", "Give one, or one for each.")
    return rates


def _rate(rate: Any) -> int:
    slowest, fastest = SAMPLE_RATES
    number = float(rate) if isinstance(rate, Real) else math.nan
    if not slowest <= number <= fastest or not number.is_integer():
        raise UsageError(f"a sample rate of {rate!r} Hz", f"Give a whole number, {slowest} ... {fastest}.")
    return int(number)


def _check_windows(hop_size: Any, center: Any) -> None:
    is_number = isinstance(hop_size, Real) and not isinstance(hop_size, bool)
    if not is_number or not math.isfinite(hop_size) or hop_size <= 0:
        raise UsageError(f"a hop size of {hop_size!r}", f"Give seconds, more than 0, at most {MAX_SECONDS}.")
    if not isinstance(center, (bool, np.bool_)):
        raise UsageError(f"center is {center!r}", "Give True or False.")


def _warn(messages: Iterable[str]) -> None:
    for message in messages:
        warnings.warn(message, EdgeL3DeployWarning, stacklevel=3)
