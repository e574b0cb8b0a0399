"""How close int8 stays to float behind every layer, on recordings that took no part in calibration."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.clips import load_clip, windows
from edgel3_deploy.audio.frontend import front_end, log_mel
from edgel3_deploy.errors import UsageError
from edgel3_deploy.fileio import read_file, sha256
from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.graph.tensors import dequantize, quantize_input
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize.calibration import share, spread
from edgel3_deploy.quantize.fidelity import Fidelity, measure
from edgel3_deploy.quantize.patches import convolve, halve
from edgel3_deploy.wording import counted

FloatArray = NDArray[np.float32]

_THREADS = 2
_LEAST = 1e-30


@dataclass(frozen=True)
class Judgement:
    """Fidelity of the embedding, and decibels of signal over error behind each convolution by its name.

    `windows` says in words what they were measured on.
    """

    fidelity: Fidelity
    layer_sqnr_db: tuple[tuple[str, float], ...]
    windows: str


def refuse_calibrating(judging: Sequence[Path], calibrating: Sequence[Path]) -> None:
    """Raise UsageError if a recording is in both: what calibrated cannot judge."""
    used = {sha256(read_file(clip, "a recording", 1 << 31)) for clip in calibrating}
    for clip in judging:
        if sha256(read_file(clip, "a recording", 1 << 31)) in used:
            raise UsageError(
                f"{clip}: this recording calibrates, so it cannot judge",
                "Give other recordings with --judge.",
            )


def judge(
    network: FloatNetwork,
    tflite: bytes,
    factors: Sequence[Sequence[float]],
    clips: Sequence[Path],
    limit: int,
    progress: Progress = silent,
) -> Judgement:
    """Compare `tflite` with the network it was made from, on at most `limit` windows of all `clips`.

    `factors` are what each convolution's output channels were divided by (equalization); none for a layer
    that was left alone. Raises BadInputError for clips that cannot be used.
    """
    from threadpoolctl import threadpool_limits

    facts = front_end(network.front_end)
    chosen = [clips[index] for index in spread(len(clips), limit)]
    cut = [windows(load_clip(clip, facts), facts)[0] for clip in chosen]
    quotas = share([len(pieces) for pieces in cut], limit)
    picked = [
        pieces[index]
        for pieces, quota in zip(cut, quotas, strict=True)
        for index in spread(len(pieces), quota)
    ]
    quantized = read_network(tflite)
    int8_layers = [layer for layer in quantized.layers if isinstance(layer, Conv2D)]
    powers = np.zeros((len(network.convs), 2))
    done = 0

    def compare(samples: FloatArray) -> tuple[NDArray[np.float64], FloatArray, FloatArray]:
        nonlocal done
        decibels = log_mel(samples, facts)
        real = (network.input_gain * decibels + network.input_offset).astype(np.float32)[..., np.newaxis]
        values = quantize_input(quantized, decibels[np.newaxis])[0]
        found = np.zeros_like(powers)
        index = 0
        for layer in quantized.layers:
            values = run_layer(layer, values)
            if not isinstance(layer, Conv2D):
                continue
            conv = network.convs[index]
            real = convolve(real, conv.weights, conv.bias)
            real = np.maximum(real, 0, out=real) if conv.relu else real
            given = dequantize(layer.output, values)
            if index < len(factors) and len(factors[index]):
                given *= np.asarray(factors[index], np.float32)
            error = given - real
            found[index] = np.vdot(real, real), np.vdot(error, error)
            index += 1
            if layer is int8_layers[-1]:
                real = real.max(axis=(0, 1))
            elif index % 2 == 0:
                real = halve(real)
        done += 1
        progress("judging", done, len(picked))
        return found, real, dequantize(quantized.output, values.reshape(-1))

    with threadpool_limits(1), ThreadPoolExecutor(_THREADS) as pool:
        results = list(pool.map(compare, picked))
    powers += np.sum([found for found, _, _ in results], axis=0)
    decibels = 10 * np.log10(np.maximum(powers[:, 0], _LEAST) / np.maximum(powers[:, 1], _LEAST))
    recordings = "1 recording" if len(chosen) == 1 else f"{len(chosen)} recordings"
    return Judgement(
        measure(np.stack([real for _, real, _ in results]), np.stack([given for _, _, given in results])),
        tuple((conv.name, float(value)) for conv, value in zip(network.convs, decibels, strict=True)),
        f"{counted(len(picked), 'window')} of {recordings} that did not calibrate",
    )
