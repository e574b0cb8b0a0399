"""Pruned networks of L3's shape whose activations neither die nor saturate, the same on every machine.

Weights are the tail of a normal distribution, as pruning by magnitude leaves it. Biases and scales come
from a forward pass over a generated spectrogram. Draws and statistics are integers and divisions are IEEE's,
so neither a converter nor a BLAS has a say in the bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.compress.pruning import PLANS
from edgel3_deploy.graph.fixed_point import quantize_multipliers, requantize
from tests.graph.models import Constants, ModelBuilder

L3_SHAPE = (256, 199)
L3_FILTERS = (64, 64, 128, 128, 256, 256, 512, 512)
SMALL_SHAPE = (70, 53)
SMALL_FILTERS = (5, 6, 7, 9, 8, 12, 11, 13)
"""A quick one: every width odd or no multiple of eight somewhere, every pooling drops a row or a column."""

INPUT_GAIN, INPUT_OFFSET = 0.1, 2.75
_INPUT_SCALE, _INPUT_ZERO_POINT = 8 / 255, 39
"""-80 dB is -128, 0 dB 127; real audio lies around -27 dB, the zero point."""

_OUTPUT_SCALE, _EMBEDDING_ZERO_POINT = 0.05, 5
_QUANTILES = 4096
_EXACT_FLOAT32 = 1 << 24


def sparse_chain(
    shape: tuple[int, int] = L3_SHAPE,
    filters: Sequence[int] = L3_FILTERS,
    sparsity: Sequence[float] = PLANS["95.45"],
    seed: int = 0,
) -> ModelBuilder:
    """3x3 'same' convolutions with `filters` outputs, `sparsity` in percent for each, input (*shape, 1).

    A 2x2 pool follows every second convolution, the global maximum the last, which is not rectified. Each
    rectified channel reads zero at 45 to 65 percent of its positions in the generated spectrogram.
    """
    random = np.random.default_rng(seed)
    builder = ModelBuilder((*shape, 1), _INPUT_SCALE, _INPUT_ZERO_POINT)
    values = generated_spectrogram(shape)
    for index, (outputs, share) in enumerate(zip(filters, sparsity, strict=True)):
        is_last = index == len(filters) - 1
        weights = pruned_weights(outputs, values.shape[2], share, random)
        sums = _convolve(values, weights, builder.zero_point)
        output = (_OUTPUT_SCALE, _EMBEDDING_ZERO_POINT if is_last else -128)
        bias, gains = _embedded(sums, random) if is_last else _rectified(sums, random)
        scales = (gains * np.float32(output[0]) / np.float32(builder.scale)).astype(np.float32)
        effective = (
            float(np.float32(builder.scale)) * scales.astype(np.float64) / float(np.float32(output[0]))
        )
        builder.conv2d(
            outputs,
            activation="NONE" if is_last else "RELU",
            output=output,
            constants=Constants(weights, scales, bias),
        )
        scaled = requantize(sums + bias, quantize_multipliers(effective)) + output[1]
        values = scaled.clip(-128, 127).astype(np.int8)
        if is_last:
            builder.max_pool2d(values.shape[:2], stride=values.shape[:2]).reshape((outputs,))
        elif index % 2:
            builder.max_pool2d()
            values = _halve(values)
    return builder


@lru_cache(maxsize=8)
def sparse_l3(sparsity: tuple[float, ...] = PLANS["95.45"], seed: int = 0) -> bytes:
    """The .tflite of all of L3 (4.7 MB), pruned; quantize_input takes decibels of the front end "l3"."""
    return sparse_chain(sparsity=sparsity, seed=seed).metadata(**_facts("l3")).build()


@lru_cache(maxsize=8)
def sparse_small(
    shape: tuple[int, int] = SMALL_SHAPE,
    filters: tuple[int, ...] = SMALL_FILTERS,
    sparsity: tuple[float, ...] = PLANS["87.08"],
    seed: int = 0,
) -> bytes:
    """The .tflite of a narrow network like it, for tests of seconds."""
    return sparse_chain(shape, filters, sparsity, seed).metadata(**_facts("")).build()


def _facts(front_end: str) -> dict[str, object]:
    return {
        "name": "sparse-l3-random",
        "front_end": front_end,
        "input_gain": INPUT_GAIN,
        "input_offset": INPUT_OFFSET,
    }


def generated_spectrogram(shape: tuple[int, int], seed: int = 0) -> NDArray[np.int8]:
    """int8 (*shape, 1) like a log-mel window: falling with frequency, tones, onsets, silence at the end."""
    random = np.random.default_rng(seed)
    mels, frames = shape
    band = np.arange(mels)[:, np.newaxis]
    level = 70 - 85 * band // mels + _smooth(random, (mels, 1), 3, 24)
    level = level + _smooth(random, (mels, frames), 2, 10) + _smooth(random, (mels, frames), 8, 24)
    tones = random.integers(0, mels, max(mels // 16, 1))
    start = random.integers(0, frames, len(tones))
    for tone, first in zip(tones, start, strict=True):
        level[tone, first:] += 45
    for first in random.integers(0, frames, 3):
        fading = np.arange(frames - first)
        level[:, first:] += 40 * 16 // (16 + fading)
    level[: mels // 32] = -128
    level[:, frames - frames // 12 :] = -128
    spectrogram: NDArray[np.int8] = level.clip(-128, 127).astype(np.int8)[..., np.newaxis]
    return spectrogram


def _smooth(
    random: np.random.Generator, shape: tuple[int, int], reach: int, amplitude: int
) -> NDArray[np.int64]:
    """Integer noise of about that standard deviation, averaged over 2 * reach + 1 neighbours an axis."""
    noise = random.integers(-1024, 1025, shape)
    for axis, size in enumerate(shape):
        if size > 1:
            padded = np.pad(noise, [(reach, reach) if i == axis else (0, 0) for i in range(2)], mode="wrap")
            noise = np.sum([np.take(padded, range(i, i + size), axis) for i in range(2 * reach + 1)], axis=0)
    deviation = max(int(np.abs(noise).sum()) * 5 // (4 * noise.size), 1)
    return noise * amplitude // deviation


def pruned_weights(
    outputs: int, inputs: int, percent: float, random: np.random.Generator
) -> NDArray[np.int8]:
    """int8 (outputs, 3, 3, inputs): `percent` of all weights are zero, each channel's largest is 127.

    The others are normally distributed beyond the threshold that pruning by magnitude would have.
    """
    count = outputs * 9 * inputs
    left = count - round(count * percent / 100)
    tail = (1 - percent / 100) / 2
    points = [NormalDist().inv_cdf(1 - tail * (k + 0.5) / _QUANTILES) for k in range(_QUANTILES)]
    magnitudes = np.rint(np.array(points) * 4096).astype(np.int64)
    places = np.argsort(random.integers(0, 1 << 62, count), kind="stable")[:left]
    drawn = np.zeros(count, np.int64)
    drawn[places] = magnitudes[random.integers(0, _QUANTILES, left)] * (2 * random.integers(0, 2, left) - 1)
    rows = drawn.reshape(outputs, -1)
    peaks = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1)
    rounded = np.sign(rows) * ((2 * 127 * np.abs(rows) + peaks) // (2 * peaks))
    rounded = np.where((rounded == 0) & (rows != 0), np.sign(rows), rounded)
    return rounded.astype(np.int8).reshape(outputs, 3, 3, inputs)


def _rectified(
    sums: NDArray[np.int32], random: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Bias and gain of each channel of (height, width, channels): about half of the positions become zero."""
    ordered = np.sort(sums.reshape(-1, sums.shape[2]), axis=0)
    channels, last = sums.shape[2], len(ordered) - 1
    zeros = random.integers(45, 66, channels)
    threshold = ordered[last * zeros // 100, np.arange(channels)].astype(np.int64)
    reach = np.maximum(ordered[-1] - threshold, 1)
    head = random.integers(50, 80, channels)
    return (-threshold).astype(np.int32), head * 255 / (100 * reach.astype(np.float64))


def _embedded(
    sums: NDArray[np.int32], random: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Bias and gain of each channel: maxima of either sign, some way from the bounds of int8."""
    largest, least = sums.max(axis=(0, 1)).astype(np.int64), sums.min(axis=(0, 1)).astype(np.int64)
    spread = np.maximum(largest - least, 1)
    bias = -largest + spread * random.integers(-40, 41, sums.shape[2]) // 100
    return bias.astype(np.int32), 127 / spread.astype(np.float64)


def _convolve(values: NDArray[np.int8], weights: NDArray[np.int8], zero_point: int) -> NDArray[np.int32]:
    """Raw sums (height, width, outputs) of a 3x3 'same' convolution, exact: floats hold all partial sums."""
    height, width, channels = values.shape
    largest = 255 * int(np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3)).max())
    kind = np.dtype(np.float32 if largest < _EXACT_FLOAT32 else np.float64)
    centred = np.pad((values.astype(np.int16) - zero_point).astype(kind), ((1, 1), (1, 1), (0, 0)))
    sums = np.zeros((height * width, len(weights)), kind)
    for row in range(3):
        for column in range(3):
            shifted = centred[row : row + height, column : column + width].reshape(-1, channels)
            sums += shifted @ weights[:, row, column].T.astype(kind)
    return sums.astype(np.int32).reshape(height, width, -1)


def _halve(values: NDArray[np.int8]) -> NDArray[np.int8]:
    height, width, channels = (values.shape[0] // 2, values.shape[1] // 2, values.shape[2])
    whole = values[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels)
    pooled: NDArray[np.int8] = whole.max(axis=(1, 3))
    return pooled
