"""Arrays by layer out of a Keras HDF5 file, of which nothing is believed: each is checked before it is read.

Keras 2 and Keras 3 store the same arrays under other names. The file's `model_config` is never looked at: it
names custom layers and can carry code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError

if TYPE_CHECKING:
    import h5py

Array = NDArray[np.float64]

MAX_FILTERS = 2048
MAX_VALUES = 1 << 24
"""Values that all arrays of a file may have together: L3 has 4.7 million."""
HINT = "Give an EdgeL3 weight file (.h5 or .h5.gz); `edgel3-deploy models pull NAME` downloads one."

_ROOTS = ("model_weights", "layers", "_layer_checkpoint_dependencies")
_VARIABLES = {
    "kernel": "0",
    "bias": "1",
    "gamma": "0",
    "beta": "1",
    "moving_mean": "2",
    "moving_variance": "3",
}
"""What Keras 3 calls the arrays of a layer in a file of weights alone."""
_SPECTROGRAM = re.compile(r"(mel)?spectrogram(?:_\d{1,4})?")
_MOST_NODES = 200


class Arrays:
    """The arrays of one open file by layer name, each checked for type, shape and finite values.

    Layers are numbered from 1, as the first network of a Keras 2 session has them: conv2d_1 to conv2d_7.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self._path = path
        self._file = file
        self._root = next((file[name] for name in _ROOTS if isinstance(self._link(file, name), str)), file)
        self._names = tuple(getattr(self._root, "keys", tuple)())
        self._first = {kind: self._first_number(kind) for kind in ("conv2d", "batch_normalization")}
        self._values = 0

    @staticmethod
    def _link(group: Any, name: str) -> str | None:
        """`name` if a hard link of `group` bears it: no other leads to another file."""
        import h5py

        return name if isinstance(group.get(name, getlink=True), h5py.HardLink) else None

    def _first_number(self, kind: str) -> int:
        """The number of the file's first layer of that kind; Keras 2 begins with 1, its successors with none.

        Keras counts the layers of a whole session, so a network that was made second begins higher.
        """
        pattern = re.compile(rf"{kind}(?:_(\d{{1,4}}))?")
        found = [match for name in self._names if (match := pattern.fullmatch(name))]
        return min((int(match[1] or 0) for match in found), default=1)

    def _stored(self, layer: str) -> str:
        """The file's name of a layer that is numbered from 1 here."""
        kind, _, number = layer.rpartition("_")
        if kind not in self._first:
            return layer
        position = int(number) - 1 + self._first[kind]
        return f"{kind}_{position}" if position else kind

    def error(self, problem: str) -> BadInputError:
        return BadInputError(f"{self._path}: {problem}", HINT)

    def has(self, layer: str) -> bool:
        return any(True for _ in self._leaves(layer))

    def attribute(self, name: str) -> str | None:
        """A text attribute of the group of layers, or None."""
        value = self._root.attrs.get(name)
        return value if isinstance(value, str) else None

    def spectrograms(self) -> tuple[tuple[str, tuple[int, ...] | None], ...]:
        """Layers that make spectrograms: "linear" or "mel", and the mel matrix's shape if it is there."""
        found = ((name, match) for name in self._names if (match := _SPECTROGRAM.fullmatch(name)))
        return tuple(
            ("mel" if match[1] else "linear", self._shape(name, ("Variable", "freq2mel")))
            for name, match in found
        )

    def _shape(self, layer: str, arrays: tuple[str, ...]) -> tuple[int, ...] | None:
        leaves = (leaf for name, leaf in self._leaves(layer) if name in arrays)
        return next((tuple(leaf.shape) for leaf in leaves), None)

    def _leaves(self, layer: str) -> Iterator[tuple[str, Any]]:
        """The data sets in a layer's group at any depth, through hard links only, by name without ":0"."""
        import h5py

        name = self._stored(layer)
        waiting = [self._root[name]] if name in self._names and self._link(self._root, name) else []
        for _ in range(_MOST_NODES):
            if not waiting:
                return
            group = waiting.pop()
            if not isinstance(group, h5py.Group):
                continue
            for child in group:
                if self._link(group, child) is None:
                    continue
                node = group[child]
                if isinstance(node, h5py.Dataset):
                    yield child.removesuffix(":0"), node
                elif len(waiting) < _MOST_NODES:
                    waiting.append(node)

    def _dataset(self, layer: str, array: str) -> Any:
        leaves = dict(self._leaves(layer))
        return leaves.get(array, leaves.get(_VARIABLES[array]))

    def read(self, layer: str, array: str, shape: tuple[int | None, ...]) -> Array:
        """The array as float64; None in `shape` stands for any extent from 1 to MAX_FILTERS."""
        name = f"{self._stored(layer)}/{array}"
        dataset = self._dataset(layer, array)
        if dataset is None:
            raise self.error(f"array {name} is missing")
        kind = dataset.dtype
        if kind.kind != "f" or kind.itemsize > 8 or dataset.external is not None or dataset.is_virtual:
            raise self.error(f"array {name} does not hold plain floating-point values")
        fits = len(dataset.shape) == len(shape) and all(
            1 <= have <= MAX_FILTERS if want is None else have == want
            for have, want in zip(dataset.shape, shape, strict=True)
        )
        if not fits:
            wanted = " x ".join("any" if extent is None else str(extent) for extent in shape)
            found = " x ".join(map(str, dataset.shape)) or "()"
            raise self.error(f"array {name} has shape {found}, not {wanted}")
        self._values += int(np.prod(dataset.shape))
        if self._values > MAX_VALUES:
            raise self.error(f"not supported: more than {MAX_VALUES:,} weights (array {name})")
        with np.errstate(invalid="ignore"):
            values: Array = dataset[()].astype(np.float64)
        if not np.isfinite(values).all():
            raise self.error(f"array {name} holds NaN or infinite values")
        return values
