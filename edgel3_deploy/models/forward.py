"""The float network's forward pass in numpy: the yardstick for quantization, without TensorFlow."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edgel3_deploy.models.archive import load_network, save_network
from edgel3_deploy.models.network import FloatArray, FloatConv, FloatNetwork

__all__ = ["forward", "load_network", "save_network"]

_PATCH_BYTES = 1 << 24


def forward(network: FloatNetwork, spectrogram_db: FloatArray) -> FloatArray:
    """Embeddings of decibel spectrograms: float32 (n, n_mels, frames) -> float32 (n, embedding).

    Raises ValueError for spectrograms of another size.
    """
    if spectrogram_db.ndim != 3 or spectrogram_db.shape[1:] != (network.n_mels, network.frames):
        raise ValueError(
            f"spectrograms of shape {spectrogram_db.shape}, not (n, {network.n_mels}, {network.frames})"
        )
    embeddings = np.empty((len(spectrogram_db), network.embedding), np.float32)
    for index, decibels in enumerate(spectrogram_db):
        embeddings[index] = _embed(network, decibels)
    return embeddings


def _embed(network: FloatNetwork, decibels: FloatArray) -> FloatArray:
    gain, offset = np.float32(network.input_gain), np.float32(network.input_offset)
    features: FloatArray = (gain * decibels.astype(np.float32, copy=False) + offset)[..., np.newaxis]
    last = len(network.convs) - 1
    for index, conv in enumerate(network.convs):
        features = _convolve(conv, features)
        if index % 2 == 1 and index != last:
            features = _halve(features)
    embedding: FloatArray = features.max(axis=(0, 1))
    return embedding


def _convolve(conv: FloatConv, features: FloatArray) -> FloatArray:
    """3x3 'same' convolution (height, width, in) -> (height, width, out), in strips to bound memory."""
    height, width, channels = features.shape
    kernel = conv.weights.reshape(9 * channels, -1)
    padded = np.pad(features, ((1, 1), (1, 1), (0, 0)))
    rows = max(1, _PATCH_BYTES // (width * 9 * channels * features.itemsize))
    output = np.empty((height, width, kernel.shape[1]), np.float32)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        patches = sliding_window_view(padded[top : bottom + 2], (3, 3), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
        strip = output[top:bottom].reshape(-1, kernel.shape[1])
        np.matmul(patches.reshape(-1, 9 * channels), kernel, out=strip)
    output += conv.bias
    return np.maximum(output, 0, out=output) if conv.relu else output


def _halve(features: FloatArray) -> FloatArray:
    """2x2 max pool, stride 2, 'valid'."""
    height, width, channels = features.shape
    even = features[: height // 2 * 2, : width // 2 * 2]
    pooled: FloatArray = even.reshape(height // 2, 2, width // 2, 2, channels).max(axis=(1, 3))
    return pooled
