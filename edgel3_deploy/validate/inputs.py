"""Inputs that go to the board as they are: a user's own, or generated where no front end is known."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import read_file
from edgel3_deploy.graph.ir import Network, Tensor
from edgel3_deploy.graph.tensors import dequantize

GENERATED = 8
_HINT = "Save int8 values, or real ones, with numpy.save: one input after the other."


@dataclass(frozen=True)
class GivenInputs:
    """int8 `values` (n, *input) of the input `tensor`; `name` is what reports call them."""

    name: str
    tensor: Tensor
    values: NDArray[np.int8]

    def pictures(self, values: NDArray[np.int8]) -> NDArray[np.float32]:
        """Some of them as real numbers, float32 (n, rows, columns)."""
        rows = self.tensor.shape[0] if len(self.tensor.shape) > 1 else 1
        return dequantize(self.tensor, values).reshape(len(values), rows, -1)


def generated_inputs(network: Network) -> GivenInputs:
    """Noise over all of int8, some of it smooth and some of it sparse; always the same."""
    tensor = network.input
    random = np.random.default_rng(0)
    values = random.integers(-128, 128, (GENERATED, *tensor.shape), dtype=np.int8)
    values[1::4] = np.clip(random.normal(tensor.zero_point, 12, values[1::4].shape), -128, 127)
    values[2::4][random.random(values[2::4].shape) < 0.9] = tensor.zero_point
    return GivenInputs("generated inputs", tensor, values)


def read_inputs(path: Path, network: Network) -> GivenInputs:
    """Inputs out of an .npy: int8 as they are, real numbers quantized, (n, *input) or one input alone.

    Raises BadInputError for another file, type or shape, and for numbers that are not finite.
    """
    tensor = network.input
    try:
        with io.BytesIO(read_file(path, "an .npy of inputs")) as stream:
            array = np.load(stream, allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError, SyntaxError, TypeError) as error:
        raise BadInputError(f"{path}: not a readable .npy ({error})", _HINT) from error
    if not isinstance(array, np.ndarray) or array.size == 0 or array.size % tensor.size:
        shape = array.shape if isinstance(array, np.ndarray) else "several arrays"
        raise BadInputError(f"{path}: {shape}, not (n, {', '.join(map(str, tensor.shape))})", _HINT)
    own, wanted = ([extent for extent in shape if extent != 1] for shape in (array.shape, tensor.shape))
    if own[len(own) - len(wanted) :] != wanted or len(own) > len(wanted) + 1:
        raise BadInputError(
            f"{path}: shape {array.shape}, not (n, {', '.join(map(str, tensor.shape))})", _HINT
        )
    values = array.reshape(-1, *tensor.shape)
    if values.dtype != np.int8:
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise BadInputError(f"{path}: neither int8 nor finite real numbers ({values.dtype})", _HINT)
        ratio = values.astype(np.float64) / tensor.scale
        rounded = np.trunc(ratio + np.copysign(0.5, ratio)) + tensor.zero_point
        values = np.clip(rounded, -128, 127).astype(np.int8)
    return GivenInputs(path.name, tensor, np.ascontiguousarray(values))
