"""The float network as a reproducible .npz beside a build, so that validating needs no weight file."""

from __future__ import annotations

import hashlib
import io
import json
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import read_file, write_atomically
from edgel3_deploy.models.network import FloatConv, FloatNetwork
from edgel3_deploy.npz import read_arrays


def save_network(network: FloatNetwork, path: Path) -> None:
    """Write the network as an uncompressed .npz; the same network gives the same bytes."""
    write_atomically(path, network_bytes(network))


def network_bytes(network: FloatNetwork) -> bytes:
    """What `save_network` writes."""
    arrays: dict[str, Any] = {"header": np.frombuffer(_header(network), np.uint8)}
    for conv in network.convs:
        arrays[f"{conv.name}.weights"] = conv.weights
        arrays[f"{conv.name}.bias"] = conv.bias
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def load_network(path: Path) -> FloatNetwork:
    """Read what `save_network` wrote. Raises BadInputError if `path` is absent, damaged or something else."""
    return network_from_bytes(read_file(path, "a float network"), str(path))


def network_from_bytes(content: bytes, where: str, warnings: tuple[str, ...] = ()) -> FloatNetwork:
    """What `network_bytes` gave; `where` is what messages call it. Raises BadInputError as `load_network`."""
    try:
        archive = read_arrays(content)
        header = json.loads(archive["header"].tobytes())
        convs = tuple(
            FloatConv(name, archive[f"{name}.weights"], archive[f"{name}.bias"], bool(relu))
            for name, relu in header.pop("convs")
        )
        network = FloatNetwork(convs=convs, warnings=warnings, **header)
        _check(network)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInputError(
            f"{where}: not a float network saved by edgel3-deploy ({error})", "Build it again."
        ) from error
    return network


def fingerprint(network: FloatNetwork) -> str:
    """SHA-256 (hexadecimal) over every value of the network."""
    digest = hashlib.sha256(_header(network))
    for conv in network.convs:
        for array in (conv.weights, conv.bias):
            digest.update(array.astype("<f4").tobytes())
    return digest.hexdigest()


def _header(network: FloatNetwork) -> bytes:
    return json.dumps(
        {
            "name": network.name,
            "front_end": network.front_end,
            "n_mels": network.n_mels,
            "frames": network.frames,
            "input_gain": network.input_gain,
            "input_offset": network.input_offset,
            "convs": [(conv.name, conv.relu) for conv in network.convs],
        }
    ).encode()


def _check(network: FloatNetwork) -> None:
    """ValueError unless the convolutions chain: (3, 3, in, out) float32 kernels with a bias each."""
    known = {"sea": (64, 50), "l3": (256, 199)}
    if not isinstance(network.name, str) or known.get(network.front_end) != (network.n_mels, network.frames):
        raise ValueError("its input is that of no front end")
    if not all(
        type(value) is float and isfinite(value) for value in (network.input_gain, network.input_offset)
    ):
        raise ValueError("gain and offset are no finite numbers")
    channels = 1
    for conv in network.convs:
        kernel, bias = conv.weights, conv.bias
        if kernel.ndim != 4 or kernel.shape[:3] != (3, 3, channels) or bias.shape != kernel.shape[3:]:
            raise ValueError(f"{conv.name} has misshapen arrays")
        if kernel.dtype != np.float32 or bias.dtype != np.float32:
            raise ValueError(f"{conv.name} is not float32")
        channels = kernel.shape[3]
    if not 5 <= len(network.convs) <= 8:
        raise ValueError(f"{len(network.convs)} convolutions, not 5 to 8")
