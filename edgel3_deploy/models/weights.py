"""Read EdgeL3 weights: arrays by name out of legacy Keras HDF5, every BatchNorm folded in.

The file's `model_config` is never looked at: it names custom layers and can carry code.
"""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.audio.frontend import front_end as front_end_named
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import read_file
from edgel3_deploy.models.family import model_name
from edgel3_deploy.models.layout import BATCH_NORM_EPSILON, FRONT_END_ATTRIBUTE
from edgel3_deploy.models.network import FloatConv, FloatNetwork

if TYPE_CHECKING:
    import h5py

Array = NDArray[np.float64]

MAX_FILE_BYTES = 1 << 28
MAX_FILTERS = 2048
_CONVOLUTIONS = (*(f"conv2d_{number}" for number in range(1, 8)), "audio_embedding_layer")
_HINT = "Give an EdgeL3 weight file (.h5 or .h5.gz); `edgel3-deploy models pull NAME` downloads one."


class _BatchNorm(NamedTuple):
    gain: Array
    offset: Array


class _Reader:
    """Arrays of one open file by layer name, each checked for type, shape and finite values."""

    def __init__(self, path: Path, root: h5py.Group) -> None:
        self._path = path
        self._root = root
        self._first = {kind: self._first_number(kind) for kind in ("conv2d", "batch_normalization")}

    def _first_number(self, kind: str) -> int:
        """The number of the file's first layer of that kind; Keras 2 begins with 1, tf.keras with none (0).

        Keras counts the layers of a whole session, so a network that was made second begins higher.
        """
        pattern = re.compile(rf"{kind}(?:_(\d{{1,4}}))?")
        found = [match for name in getattr(self._root, "keys", tuple)() if (match := pattern.fullmatch(name))]
        return min((int(match[1] or 0) for match in found), default=1)

    def _stored(self, layer: str) -> str:
        """The file's name of a layer that is numbered from 1 here."""
        kind, _, number = layer.rpartition("_")
        if kind not in self._first:
            return layer
        position = int(number) - 1 + self._first[kind]
        return f"{kind}_{position}" if position else kind

    def error(self, problem: str) -> BadInputError:
        return BadInputError(f"{self._path}: {problem}", _HINT)

    def _node(self, name: str) -> Any:
        """The object called `name` or None; through hard links only, so that no other file is opened."""
        import h5py

        node: Any = self._root
        for part in name.split("/"):
            if not isinstance(node, h5py.Group) or not isinstance(
                node.get(part, getlink=True), h5py.HardLink
            ):
                return None
            node = node[part]
        return node

    def has(self, layer: str) -> bool:
        layer = self._stored(layer)
        return self._node(f"{layer}/{layer}") is not None

    def attribute(self, name: str) -> str | None:
        """A text attribute of the file's root, or None."""
        value = self._root.attrs.get(name)
        return value if isinstance(value, str) else None

    def shape(self, layer: str, array: str) -> tuple[int, ...] | None:
        layer = self._stored(layer)
        node = self._node(f"{layer}/{layer}/{array}:0")
        return None if node is None else tuple(node.shape)

    def read(self, layer: str, array: str, shape: tuple[int | None, ...]) -> Array:
        """The array as float64; None in `shape` stands for any extent from 1 to MAX_FILTERS."""
        import h5py

        layer = self._stored(layer)
        name = f"{layer}/{array}"
        dataset = self._node(f"{layer}/{layer}/{array}:0")
        if not isinstance(dataset, h5py.Dataset):
            raise self.error(f"array {name} is missing")
        if dataset.dtype.kind != "f" or dataset.external is not None or dataset.is_virtual:
            raise self.error(f"array {name} does not hold plain floating-point values")
        fits = len(dataset.shape) == len(shape) and all(
            1 <= have <= MAX_FILTERS if want is None else have == want
            for have, want in zip(dataset.shape, shape, strict=True)
        )
        if not fits:
            wanted = " x ".join("any" if extent is None else str(extent) for extent in shape)
            raise self.error(f"array {name} has shape {' x '.join(map(str, dataset.shape))}, not {wanted}")
        with np.errstate(invalid="ignore"):
            values: Array = dataset[()].astype(np.float64)
        if not np.isfinite(values).all():
            raise self.error(f"array {name} holds NaN or infinite values")
        return values

    def batch_norm(self, number: int, channels: int) -> _BatchNorm:
        """BatchNorm `number` as x -> gain * x + offset, one entry per channel."""
        layer = f"batch_normalization_{number}"
        gamma, beta, mean, variance = (
            self.read(layer, array, (channels,))
            for array in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        if (variance < 0).any():
            raise self.error(f"array {layer}/moving_variance holds negative values")
        gain = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
        return _BatchNorm(gain, beta - gain * mean)


def read_weights(path: Path) -> FloatNetwork:
    """Read `path` (.h5 or .h5.gz). The architecture is recognised from the arrays; filter widths are free.

    The front end is the one whose mel matrix the file holds, else the one its attribute names; a file with
    neither is a SEA model (64 x 50 input) if a BatchNorm follows the last convolution, else an L3 or sparse
    model (256 x 199). An L3 embedding is taken before that BatchNorm, which OpenL3's files have too. Files
    of this project may end with `conv2d_5`, `_6` or `_7`. The network's name is the file's, made fit for
    identifiers.

    Raises BadInputError, naming the array, if anything is missing, misshapen or not finite, or if the file is
    damaged.
    """
    import h5py

    content = _decompressed(path, read_file(path, "a weight file", MAX_FILE_BYTES))
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return _read_network(path, _Reader(path, file.get("model_weights", file)))
    except BadInputError:
        raise
    except Exception as error:  # h5py meets damaged files with nearly every built-in exception
        raise BadInputError(f"{path}: not a readable HDF5 file ({_first_line(error)})", _HINT) from error


def _read_network(path: Path, reader: _Reader) -> FloatNetwork:
    layers = _CONVOLUTIONS
    if not reader.has(_CONVOLUTIONS[-1]):
        layers = tuple(layer for layer in _CONVOLUTIONS[:-1] if reader.has(layer))
        if layers not in (_CONVOLUTIONS[:5], _CONVOLUTIONS[:6], _CONVOLUTIONS[:7]):
            raise reader.error(f"array {_CONVOLUTIONS[-1]}/kernel is missing")
    front_end = _front_end(reader)
    # OpenL3 embeds before the BatchNorm and ReLU of the last layer; SEA, and networks cut short, behind them.
    is_rectified = front_end is SEA or len(layers) < len(_CONVOLUTIONS)
    norm = reader.batch_norm(1, 1)
    channels, convs = 1, []
    for index, layer in enumerate(layers):
        kernel = reader.read(layer, "kernel", (3, 3, channels, None))
        channels = kernel.shape[-1]
        bias = reader.read(layer, "bias", (channels,))
        is_normalized = is_rectified or index < len(layers) - 1
        if is_normalized:
            gain, offset = reader.batch_norm(index + 2, channels)
            kernel, bias = kernel * gain, bias * gain + offset
        with np.errstate(over="ignore"):
            weights, bias_32 = kernel.astype(np.float32), bias.astype(np.float32)
        if not (np.isfinite(weights).all() and np.isfinite(bias_32).all()):
            raise reader.error(f"{layer} overflows float32 once its BatchNorm is folded in")
        convs.append(FloatConv(f"conv{index + 1}", weights, bias_32, relu=is_normalized))
    return FloatNetwork(
        name=model_name(path),
        front_end=front_end.name,
        n_mels=front_end.n_mels,
        frames=front_end.frames,
        input_gain=float(norm.gain[0]),
        input_offset=float(norm.offset[0]),
        convs=tuple(convs),
    )


def _front_end(reader: _Reader) -> FrontEnd:
    mel_shape = reader.shape("melspectrogram_1", "Variable")
    if mel_shape is not None:
        for candidate in (SEA, L3):
            if mel_shape == (candidate.n_fft // 2 + 1, candidate.n_mels):
                return candidate
        raise reader.error(f"its mel matrix is {mel_shape}, that of no known front end")
    named = reader.attribute(FRONT_END_ATTRIBUTE)
    if named is not None:
        return front_end_named(named)
    return SEA if reader.has("batch_normalization_9") else L3


def _decompressed(path: Path, content: bytes) -> bytes:
    """`content`, expanded if it is gzip, to at most MAX_FILE_BYTES."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    expander = zlib.decompressobj(wbits=31)
    try:
        expanded = expander.decompress(content, MAX_FILE_BYTES)
    except zlib.error as error:
        raise BadInputError(f"{path}: damaged gzip file ({error})", _HINT) from error
    if expander.unconsumed_tail:
        raise BadInputError(f"{path}: expands to more than {MAX_FILE_BYTES >> 20} MB", _HINT)
    if not expander.eof:
        raise BadInputError(f"{path}: truncated gzip file ({len(content):,} bytes)", _HINT)
    return expanded


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
