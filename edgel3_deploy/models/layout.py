"""Write float networks as EdgeL3 weight files, which `read_weights` and the original package's readers
understand.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from edgel3_deploy.models.network import FloatNetwork

FRONT_END_ATTRIBUTE = "front_end"
BATCH_NORM_EPSILON = 1e-3


def weight_file(network: FloatNetwork, dtype: DTypeLike = np.float32) -> bytes:
    """The .h5 of a network: its folded kernels, with a BatchNorm that changes nothing behind each ReLU's
    layer.

    Arrays are stored as `dtype` (float16 halves the file) and compressed. The last convolution is the
    embedding layer, or `conv2d_k` in a network of k < 8 convolutions. Equal networks give equal bytes.
    """
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w", track_order=False) as file:
        root = file.create_group("model_weights")
        root.attrs[FRONT_END_ATTRIBUTE] = network.front_end

        def store(layer: str, arrays: dict[str, Any], kind: DTypeLike) -> None:
            group = root.create_group(f"{layer}/{layer}")
            for name, values in arrays.items():
                group.create_dataset(
                    f"{name}:0",
                    data=np.asarray(values, kind),
                    compression="gzip",
                    compression_opts=9,
                    shuffle=True,
                )

        def store_norm(number: int, gain: Any, offset: Any) -> None:
            variance = np.full(np.shape(gain), 1 - BATCH_NORM_EPSILON)
            mean = np.zeros(np.shape(gain))
            arrays = {"gamma": gain, "beta": offset, "moving_mean": mean, "moving_variance": variance}
            store(f"batch_normalization_{number}", arrays, np.float64)

        store_norm(1, [network.input_gain], [network.input_offset])
        for index, conv in enumerate(network.convs):
            layer = "audio_embedding_layer" if index == 7 else f"conv2d_{index + 1}"
            store(layer, {"kernel": conv.weights, "bias": conv.bias}, dtype)
            if conv.relu:
                store_norm(index + 2, np.ones(len(conv.bias)), np.zeros(len(conv.bias)))
    return stream.getvalue()
