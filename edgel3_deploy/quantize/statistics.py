"""What rounding of weights is judged by: a layer's inputs on the calibration windows, and on silence."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.models.network import FloatConv
from edgel3_deploy.quantize.gptq import damped
from edgel3_deploy.quantize.patches import patches

FloatArray = NDArray[np.float32]
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

_MOST_PATCHES = 60_000
"""Patches that a layer's covariance is taken over; more would cost time and change nothing."""
_SILENCE_POSITIONS = 4000
_SILENCE_SHARE = 0.005
"""Weight of digital silence in the statistics, where all calibration windows have one."""


@dataclass(frozen=True)
class Statistics:
    """Covariance (9 * in, 9 * in) and mean (9 * in,) of a layer's input patches."""

    covariance: Matrix
    mean: Vector

    @classmethod
    def of(cls, features: Sequence[FloatArray], pool: ThreadPoolExecutor) -> Statistics:
        height, width, _ = features[0].shape
        stride = max(1, round(len(features) * height * width / _MOST_PATCHES))

        def moments(item: tuple[int, FloatArray]) -> tuple[FloatArray, Vector, int]:
            chosen = patches(item[1], first=item[0] % stride, stride=stride)
            return chosen.T @ chosen, chosen.sum(axis=0, dtype=np.float64), len(chosen)

        size = 9 * features[0].shape[2]
        gram, total, count = np.zeros((size, size)), np.zeros(size), 0
        for product, part, number in pool.map(moments, enumerate(features)):
            gram += product
            total += part
            count += number
        centre = total / count
        return cls(
            gram / count - np.outer(centre, centre), np.mean([_patch_mean(x) for x in features], axis=0)
        )

    def with_curvature(self, curvature: Matrix, incoming: Vector) -> Statistics:
        """Half of the covariance replaced by what the embedding feels, `curvature`, of the same trace.

        `incoming` (in,): what the input's channels were divided by.
        """
        factors = np.tile(incoming, 9)
        felt = curvature / np.outer(factors, factors)
        size, felt_size = np.trace(self.covariance), np.trace(felt)
        if not felt_size > 0:
            return self
        return replace(self, covariance=(self.covariance + felt * (size / felt_size)) / 2)


@dataclass(frozen=True)
class Silence:
    """What a window of digital silence has become: a feature map of the float network and the rounded one.

    It is the same input every time, so its errors do not average out; all of its positions are alike.
    """

    exact: FloatArray
    rounded: FloatArray

    def corrected(
        self, conv: FloatConv, statistics: Statistics, incoming: Vector
    ) -> tuple[FloatConv, Statistics]:
        """`conv` with weights that make up for what the rounded map lacks, and the statistics with silence
        as one more window.

        Minimizes the error on silence plus the change of all outputs. Weights of zero stay zero. `incoming`
        (in,): what the input's channels were divided by.
        """
        stride = max(1, self.rounded.shape[0] * self.rounded.shape[1] // _SILENCE_POSITIONS)
        given = patches(self.rounded, stride=stride) - statistics.mean
        wanted = patches(self.exact * (1 / incoming).astype(np.float32), stride=stride) - statistics.mean
        share = _SILENCE_SHARE / len(given)
        covariance = statistics.covariance + share * given.T @ given
        lacking = share * given.T @ (wanted - given)
        weights = conv.weights.reshape(len(covariance), -1).astype(np.float64)
        change = np.linalg.solve(damped(covariance), lacking @ weights)
        changed = np.where(weights != 0, weights + change, 0).astype(np.float32)
        return (
            replace(conv, weights=changed.reshape(conv.weights.shape)),
            replace(statistics, covariance=covariance),
        )


def _patch_mean(features: FloatArray) -> Vector:
    """Mean of all 3x3 patches of a zero-padded feature map: (9 * in,)."""
    height, width, _ = features.shape
    rows = [slice(max(shift, 0), height + min(shift, 0)) for shift in (-1, 0, 1)]
    columns = [slice(max(shift, 0), width + min(shift, 0)) for shift in (-1, 0, 1)]
    sums = [features[row, column].sum(axis=(0, 1), dtype=np.float64) for row in rows for column in columns]
    mean: Vector = np.concatenate(sums) / (height * width)
    return mean
