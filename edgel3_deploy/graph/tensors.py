"""Real values to int8 and back, at the two ends of a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.ir import Network, Tensor


def quantize_input(network: Network, log_mel_db: NDArray[np.float32]) -> NDArray[np.int8]:
    """Decibel spectrograms (n, mel, frames) to the network's int8 input: (n, mel, frames, 1), or without 1.

    q = round((gain * dB + offset) / scale) + zero_point, halves away from zero, in float64, clamped to int8.
    Raises BadInputError for another shape and for values that are not finite.
    """
    tensor = network.input
    if log_mel_db.ndim != 3 or tensor.shape not in ((*log_mel_db.shape[1:], 1), log_mel_db.shape[1:]):
        raise BadInputError(
            f"spectrograms of shape {log_mel_db.shape} for a network whose input is {tensor.shape}",
            "Use the front end the network was trained with.",
        )
    if not np.isfinite(log_mel_db).all():
        raise BadInputError(
            "the spectrogram holds values that are not finite", "Check the audio for NaN samples."
        )
    real = network.input_gain * log_mel_db.astype(np.float64) + network.input_offset
    ratio = real / tensor.scale
    rounded = np.trunc(ratio + np.copysign(0.5, ratio)) + tensor.zero_point
    quantized: NDArray[np.int8] = np.clip(rounded, -128, 127).astype(np.int8)
    return quantized.reshape(len(log_mel_db), *tensor.shape)


def dequantize(tensor: Tensor, values: NDArray[np.int8]) -> NDArray[np.float32]:
    """int8 `values` of any shape as the real numbers they stand for."""
    return ((values.astype(np.int32) - tensor.zero_point) * np.float32(tensor.scale)).astype(np.float32)
