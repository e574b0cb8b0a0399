"""head.npz: the int8 head with all that says what it is: labels, model, folds, metrics."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import read_file, sha256, write_atomically
from edgel3_deploy.graph.ir import FullyConnected, Requantize, Tensor
from edgel3_deploy.head.arithmetic import MOST_LABELS, logistic_constants, softmax_constants
from edgel3_deploy.head.network import HeadNetwork
from edgel3_deploy.head.pool import POOLINGS
from edgel3_deploy.npz import read_arrays

FORMAT = 1
_MOST_LABEL_LETTERS = 64
_MOST_LAYERS = 3
_MOST_FEATURES = 4096
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class HeadFile:
    """A head as it is kept.

    `model_sha256` is that of the .tflite whose embeddings it takes: another model's do not mean the same.
    `weights_sha256` is the fingerprint of the float weights behind it, "" where they were not at hand.
    `pooling` makes clips of windows (`head.pool`), `thresholds` (labels,) say from which probability on a
    clip has a label. `data` tells what it was trained on, `metrics` what was reached on folds that judged,
    `folds` the same by fold; `trained_on` has the SHA-256 of every clip that took part.
    """

    network: HeadNetwork
    labels: tuple[str, ...]
    model_name: str
    model_sha256: str
    weights_sha256: str
    pooling: str
    thresholds: tuple[float, ...]
    data: dict[str, Any]
    metrics: dict[str, Any]
    folds: list[dict[str, Any]]
    trained_on: tuple[str, ...]

    @property
    def exclusive(self) -> bool:
        """Whether a clip has exactly one label."""
        return self.network.output == "softmax"

    def to_bytes(self) -> bytes:
        """The .npz: the same head gives the same bytes."""
        header = {
            "format": FORMAT,
            "labels": self.labels,
            "output": self.network.output,
            "layers": len(self.network.layers),
            "tensors": [
                (tensor.scale, tensor.zero_point)
                for tensor in (self.network.input, *(layer.output for layer in self.network.layers))
            ],
            "model_name": self.model_name,
            "model_sha256": self.model_sha256,
            "weights_sha256": self.weights_sha256,
            "pooling": self.pooling,
            "thresholds": self.thresholds,
            "data": self.data,
            "metrics": self.metrics,
            "folds": self.folds,
        }
        digests = bytes.fromhex("".join(self.trained_on))
        arrays: dict[str, Any] = {
            "header": np.frombuffer(json.dumps(header).encode(), np.uint8),
            "trained_on": np.frombuffer(digests, np.uint8).reshape(-1, 32),
        }
        for layer in self.network.layers:
            arrays[f"{layer.name}.weights"] = layer.weights
            arrays[f"{layer.name}.bias"] = layer.bias
            arrays[f"{layer.name}.multiplier"] = layer.requantize.multiplier
            arrays[f"{layer.name}.shift"] = layer.requantize.shift
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        return stream.getvalue()


def save_head(head: HeadFile, path: Path) -> None:
    """Write `head` to `path`."""
    write_atomically(path, head.to_bytes())


def load_head(path: Path) -> tuple[HeadFile, str]:
    """The head in `path` and the SHA-256 of the file.

    Raises BadInputError if it is absent, damaged, or something else.
    """
    content = read_file(path, "a head")
    try:
        arrays = read_arrays(content)
        header = json.loads(arrays["header"].tobytes())
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']!r}, expected {FORMAT}")
        head = _head(header, arrays)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInputError(
            f"{path}: not a head saved by edgel3-deploy ({error})", "Train it: edgel3-deploy head train"
        ) from error
    return head, sha256(content)


def _head(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> HeadFile:
    count = _whole(header["layers"], 1, _MOST_LAYERS)
    if len(header["tensors"]) != count + 1:
        raise ValueError("the tensors are not those of the layers")
    labels = tuple(header["labels"])
    if not 2 <= len(set(labels)) == len(labels) <= MOST_LABELS:
        raise ValueError("labels are not 2 to 128 different ones")
    for label in labels:
        if not isinstance(label, str) or not label.isprintable() or not 0 < len(label) <= _MOST_LABEL_LETTERS:
            raise ValueError(f"label {label!r}")
    features = _whole(arrays["dense1.weights"].shape[1], 1, _MOST_FEATURES)
    current = _tensor(0, "embedding", features, header["tensors"][0])
    layers = []
    for index in range(count):
        layers.append(_layer(index, current, header["tensors"][index + 1], arrays))
        current = layers[-1].output
    if current.size != len(labels) or header["output"] not in ("softmax", "logistic"):
        raise ValueError("the output is not one for each label")
    if header["output"] == "softmax":
        softmax_constants(current.scale)
    else:
        logistic_constants(current.scale, current.zero_point)
    if header["pooling"] not in POOLINGS or not _DIGEST.fullmatch(header["model_sha256"]):
        raise ValueError("'pooling' or 'model_sha256' has an unknown form")
    thresholds = tuple(_real(value, 0, 1) for value in header["thresholds"])
    if len(thresholds) != len(labels):
        raise ValueError("not one threshold for each label")
    digests = arrays["trained_on"]
    if digests.dtype != np.uint8 or digests.ndim != 2 or digests.shape[1] != 32:
        raise ValueError("'trained_on' holds no digests")
    if not isinstance(header["data"], dict) or not isinstance(header["metrics"], dict):
        raise ValueError("'data' or 'metrics' is no table")
    return HeadFile(
        network=HeadNetwork(tuple(layers), header["output"]),
        labels=labels,
        model_name=str(header["model_name"]),
        model_sha256=header["model_sha256"],
        weights_sha256=str(header["weights_sha256"]),
        pooling=header["pooling"],
        thresholds=thresholds,
        data=header["data"],
        metrics=header["metrics"],
        folds=list(header["folds"]),
        trained_on=tuple(row.tobytes().hex() for row in digests),
    )


def _layer(
    index: int, source: Tensor, quantization: list[float], arrays: dict[str, NDArray[Any]]
) -> FullyConnected:
    name = f"dense{index + 1}"
    weights, bias = arrays[f"{name}.weights"], arrays[f"{name}.bias"]
    multiplier, shift = arrays[f"{name}.multiplier"], arrays[f"{name}.shift"]
    outputs = _whole(weights.shape[0], 1, _MOST_FEATURES)
    if weights.dtype != np.int8 or weights.shape != (outputs, source.size):
        raise ValueError(f"{name}.weights is not int8 of its shape")
    if any(array.dtype != np.int32 or array.shape != (outputs,) for array in (bias, multiplier, shift)):
        raise ValueError(f"the constants of {name} are not int32, one for each output")
    usable = (multiplier == 0) | (multiplier >= 1 << 30)
    if not usable.all() or shift.min() < -31 or shift.max() > 30:
        raise ValueError(f"the requantization of {name} is out of range")
    return FullyConnected(
        index=index,
        name=name,
        source_name=name,
        input=source,
        output=_tensor(index + 1, name, outputs, quantization),
        weights=weights,
        bias=bias,
        requantize=Requantize(multiplier, shift),
        activation_min=-128,
        activation_max=127,
    )


def _tensor(index: int, name: str, size: int, quantization: list[float]) -> Tensor:
    scale, zero_point = quantization
    return Tensor(index, name, (size,), _real(scale, 1e-12, 1e12), _whole(zero_point, -128, 127))


def _whole(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{value!r} is not {low} to {high}")
    return value


def _real(value: Any, low: float, high: float) -> float:
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"{value!r} is not {low} to {high}")
    return float(value)
