"""Embeddings of an int8 network in numpy: TFLite Micro's integers, in a fraction of its kernels' time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reference import run
from edgel3_deploy.graph.tensors import dequantize, quantize_input

_THREADS = 2


def int8_embeddings(network: Network, spectrograms_db: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (n, n_mels, frames) in dB -> the real numbers that `network` gives, float32 (n, embedding)."""
    return embeddings_of(network, quantize_input(network, spectrograms_db))


def embeddings_of(network: Network, inputs: NDArray[np.int8]) -> NDArray[np.float32]:
    """int8 (n, *input shape) -> the real numbers that `network` gives, float32 (n, embedding)."""
    return dequantize(network.output, int8_outputs(network, inputs))


def int8_outputs(network: Network, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """int8 (n, *input shape) -> what `network` gives, int8 (n, embedding)."""
    from threadpoolctl import threadpool_limits

    # One BLAS thread for each window, as when quantizing.
    with threadpool_limits(1), ThreadPoolExecutor(_THREADS) as pool:
        return np.stack(list(pool.map(lambda window: run(network, window).reshape(-1), inputs)))
