"""Random weights in the layout of the original files, for tests without the real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


def random_arrays(
    filters: Sequence[int], front_end: Literal["sea", "l3"] = "sea", seed: int = 0
) -> dict[str, NDArray[np.float32]]:
    """Arrays by "layer/array", with He-scaled kernels and BatchNorms near the identity.

    `filters` gives the output channels of the four blocks, or of all eight convolutions.
    """
    random = np.random.default_rng(seed)
    widths = tuple(filters) if len(filters) == 8 else tuple(width for width in filters for _ in range(2))
    layers = [*(f"conv2d_{number}" for number in range(1, 8)), "audio_embedding_layer"]
    arrays: dict[str, NDArray[np.float32]] = {}

    def add_batch_norm(number: int, mean: NDArray[np.float64], variance: NDArray[np.float64]) -> None:
        values = {
            "gamma": random.uniform(0.8, 1.2, mean.shape),
            "beta": random.normal(0, 0.1, mean.shape),
            "moving_mean": mean,
            "moving_variance": variance,
        }
        for name, value in values.items():
            arrays[f"batch_normalization_{number}/{name}"] = value.astype(np.float32)

    add_batch_norm(1, np.array([-30.0]), np.array([110.0]))
    channels = 1
    for index, (layer, width) in enumerate(zip(layers, widths, strict=True)):
        kernel = random.normal(0, np.sqrt(2 / (9 * channels)), (3, 3, channels, width))
        arrays[f"{layer}/kernel"] = kernel.astype(np.float32)
        arrays[f"{layer}/bias"] = random.normal(0, 0.05, width).astype(np.float32)
        if front_end == "sea" or index < 7:
            add_batch_norm(index + 2, random.normal(0, 0.1, width), random.uniform(0.8, 1.2, width))
        channels = width
    return arrays


def lively_arrays(
    filters: Sequence[int],
    front_end: Literal["sea", "l3"] = "l3",
    percent: Sequence[float] = (0,) * 8,
    seed: int = 0,
) -> dict[str, NDArray[np.float32]]:
    """`random_arrays` whose activations neither die nor grow: each BatchNorm has the statistics of its input.

    These are taken over a few generated sounds. `percent` of each kernel's weights, the smallest, are zero.
    """
    from edgel3_deploy.audio.frontend import front_end as front_end_named
    from edgel3_deploy.audio.frontend import log_mel
    from edgel3_deploy.models.layout import BATCH_NORM_EPSILON
    from edgel3_deploy.quantize.patches import convolve, halve
    from edgel3_deploy.quantize.synthetic import generate

    arrays = random_arrays(filters, front_end, seed)
    facts = front_end_named(front_end)
    windows = [log_mel(sound, facts)[..., np.newaxis] for sound in generate(facts.sample_rate, 6)[1:]]

    def normalize(number: int, values: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        name = f"batch_normalization_{number}"
        gathered = np.concatenate([value.reshape(-1, value.shape[-1]) for value in values])
        mean, variance = gathered.mean(axis=0, dtype=np.float64), gathered.var(axis=0, dtype=np.float64)
        arrays[f"{name}/moving_mean"] = mean.astype(np.float32)
        arrays[f"{name}/moving_variance"] = variance.astype(np.float32)
        gain = arrays[f"{name}/gamma"] / np.sqrt(variance + BATCH_NORM_EPSILON)
        return [((value - mean) * gain + arrays[f"{name}/beta"]).astype(np.float32) for value in values]

    windows = normalize(1, windows)
    layers = [*(f"conv2d_{number}" for number in range(1, 8)), "audio_embedding_layer"]
    for index, (layer, share) in enumerate(zip(layers, percent, strict=True)):
        kernel = arrays[f"{layer}/kernel"]
        count = round(kernel.size * share / 100)
        kernel.flat[np.argsort(np.abs(kernel), axis=None, kind="stable")[:count]] = 0
        windows = [convolve(window, kernel, arrays[f"{layer}/bias"]) for window in windows]
        if f"batch_normalization_{index + 2}/gamma" in arrays:
            windows = [np.maximum(value, 0) for value in normalize(index + 2, windows)]
        if index % 2:
            windows = [halve(window) for window in windows]
    return arrays


def write_weights(path: Path, arrays: Mapping[str, NDArray[np.floating[Any]]]) -> Path:
    """Write `arrays` (by "layer/array") to `path` as Keras 2 does."""
    import h5py

    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights")
        for name, values in arrays.items():
            layer, array = name.split("/")
            root.create_dataset(f"{layer}/{layer}/{array}:0", data=values)
    return path


def random_weights(
    path: Path, filters: Sequence[int], front_end: Literal["sea", "l3"] = "sea", seed: int = 0
) -> Path:
    """Write an .h5 file of random weights; returns `path`."""
    return write_weights(path, random_arrays(filters, front_end, seed))
