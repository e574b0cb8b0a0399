"""An EdgeL3 network out of the bytes of a weight file, every BatchNorm folded in."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edgel3_deploy.audio.frontend import DYNAMIC_RANGE_DB, L3, SEA, FrontEnd
from edgel3_deploy.audio.frontend import front_end as front_end_named
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.models.family import member_of, model_name
from edgel3_deploy.models.hdf5 import HINT, Array, Arrays
from edgel3_deploy.models.layout import BATCH_NORM_EPSILON, FRONT_END_ATTRIBUTE
from edgel3_deploy.models.network import FloatConv, FloatNetwork

MAX_FILE_BYTES = 1 << 28
MAX_SUM = 1e20
"""What a layer's sums may come to at most: the published networks' stay below 1e14, float32 ends at 3e38."""
_CONVOLUTIONS = (*(f"conv2d_{number}" for number in range(1, 8)), "audio_embedding_layer")
_KERAS_3_WEIGHTS = "model.weights.h5"
"""What a .keras archive calls its weights."""
_LONGEST = 80
_OPENL3_NAME = re.compile(r"openl3.*?[_-](linear|mel128)(?![a-z0-9])", re.IGNORECASE)


class _BatchNorm(NamedTuple):
    gain: Array
    offset: Array


def parse_weights(path: Path, content: bytes) -> FloatNetwork:
    """The network in `content`, which `path` names in messages. Raises BadInputError.

    A damaged file can keep the HDF5 library busy without end: see `edgel3_deploy.models.guarded`.
    """
    import h5py

    content = _decompressed(path, content)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return _read_network(path, Arrays(path, file))
    except BadInputError:
        raise
    except Exception as error:  # h5py meets damaged files with nearly every built-in exception
        raise BadInputError(f"{path}: not a readable HDF5 file ({_first_line(error)})", HINT) from error


def _read_network(path: Path, arrays: Arrays) -> FloatNetwork:
    layers = _layers(arrays)
    front_end, warnings = _front_end(path, arrays)
    # OpenL3 embeds before the BatchNorm and ReLU of the last layer; SEA, and networks cut short, behind them.
    is_rectified = front_end is SEA or len(layers) < len(_CONVOLUTIONS)
    norm = _batch_norm(arrays, 1, 1)
    channels, convs = 1, []
    reach = float(abs(norm.gain[0]) * DYNAMIC_RANGE_DB + abs(norm.offset[0]))
    for index, layer in enumerate(layers):
        kernel = arrays.read(layer, "kernel", (3, 3, channels, None))
        channels = kernel.shape[-1]
        bias = arrays.read(layer, "bias", (channels,))
        is_normalized = is_rectified or index < len(layers) - 1
        if is_normalized:
            gain, offset = _batch_norm(arrays, index + 2, channels)
            kernel, bias = kernel * gain, bias * gain + offset
        with np.errstate(over="ignore"):
            weights, bias_32 = kernel.astype(np.float32), bias.astype(np.float32)
        if not (np.isfinite(weights).all() and np.isfinite(bias_32).all()):
            raise arrays.error(f"{layer} overflows float32 once its BatchNorm is folded in")
        reach = float((np.abs(kernel).sum(axis=(0, 1, 2)) * reach + np.abs(bias)).max())
        if reach > MAX_SUM:
            raise arrays.error(f"its weights are too large: the sums of {layer} can reach {reach:.0e}")
        convs.append(FloatConv(f"conv{index + 1}", weights, bias_32, relu=is_normalized))
    return FloatNetwork(
        name=model_name(path),
        front_end=front_end.name,
        n_mels=front_end.n_mels,
        frames=front_end.frames,
        input_gain=float(norm.gain[0]),
        input_offset=float(norm.offset[0]),
        convs=tuple(convs),
        warnings=warnings,
    )


def _layers(arrays: Arrays) -> tuple[str, ...]:
    """The file's convolutions in order: eight, or the first five to seven of them."""
    layers = _CONVOLUTIONS
    if not arrays.has(layers[-1]):
        # A file of Keras 3's weights alone has no names but those of the kinds.
        layers = (*_CONVOLUTIONS[:-1], "conv2d_8")
        layers = tuple(layer for layer in layers if arrays.has(layer))
        if len(layers) < 5 or layers != (*_CONVOLUTIONS[:-1], "conv2d_8")[: len(layers)]:
            raise arrays.error(f"array {_CONVOLUTIONS[-1]}/kernel is missing")
    return layers


def _batch_norm(arrays: Arrays, number: int, channels: int) -> _BatchNorm:
    """BatchNorm `number` as x -> gain * x + offset, one entry per channel."""
    layer = f"batch_normalization_{number}"
    gamma, beta, mean, variance = (
        arrays.read(layer, array, (channels,))
        for array in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    if (variance < 0).any():
        raise arrays.error(f"array {layer}/moving_variance holds negative values")
    gain = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
    return _BatchNorm(gain, beta - gain * mean)


def _front_end(path: Path, arrays: Arrays) -> tuple[FrontEnd, tuple[str, ...]]:
    """The front end that the file names, else its published name; else an assumption, and a warning of it."""
    spectrograms = arrays.spectrograms()
    if any(kind == "linear" for kind, _ in spectrograms):
        raise arrays.error("takes linear spectrograms, for which there is no front end here")
    shape = next((shape for _, shape in spectrograms if shape is not None), None)
    if shape is not None:
        for candidate in (SEA, L3):
            if shape == (candidate.n_fft // 2 + 1, candidate.n_mels):
                return candidate, ()
        raise arrays.error(f"its mel matrix is {' x '.join(map(str, shape))}, that of no known front end")
    named = arrays.attribute(FRONT_END_ATTRIBUTE)
    if named is not None:
        try:
            return front_end_named(named), ()
        except BadInputError as error:
            raise arrays.error(f"{error.message[:_LONGEST]}, named in its attributes") from error
    if (other := _OPENL3_NAME.match(path.name)) is not None:
        raise arrays.error(f"its name says that it takes {other[1].lower()} spectrograms, not mel256")
    assumed = SEA if arrays.has("batch_normalization_9") else L3
    if (known := member_of(path)) is not None and known.front_end == assumed.name:
        return assumed, ()
    return assumed, (
        f"{path}: says nothing of its input: assumed {assumed.name}, {assumed.n_mels} x {assumed.frames} mel "
        f"decibels at {assumed.sample_rate} Hz; anything else gives meaningless embeddings",
    )


def _decompressed(path: Path, content: bytes) -> bytes:
    """`content`, expanded to at most MAX_FILE_BYTES if it is gzip or a .keras archive."""
    if content.startswith(b"PK\x03\x04"):
        return _unzipped(path, content)
    if not content.startswith(b"\x1f\x8b"):
        return content
    expanded = b""
    while content.startswith(b"\x1f\x8b"):
        # A file may have several parts, as parallel compressors write it.
        expander = zlib.decompressobj(wbits=31)
        try:
            expanded += expander.decompress(content, MAX_FILE_BYTES - len(expanded) + 1)
        except zlib.error as error:
            raise BadInputError(f"{path}: damaged gzip file ({error})", HINT) from error
        if expander.unconsumed_tail or len(expanded) > MAX_FILE_BYTES:
            raise _too_large(path)
        if not expander.eof:
            raise BadInputError(f"{path}: truncated gzip file ({len(content):,} bytes)", HINT)
        content = expander.unused_data
    return expanded


def _unzipped(path: Path, content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(_KERAS_3_WEIGHTS) as file:
            expanded = file.read(MAX_FILE_BYTES + 1)
    except Exception as error:  # zipfile meets damaged archives with many built-in exceptions
        raise BadInputError(f"{path}: not a readable .keras archive ({_first_line(error)})", HINT) from error
    if len(expanded) > MAX_FILE_BYTES:
        raise _too_large(path)
    return expanded


def _too_large(path: Path) -> BadInputError:
    return BadInputError(f"{path}: expands to more than {MAX_FILE_BYTES >> 20} MB", HINT)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
