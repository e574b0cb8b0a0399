"""What a student is asked to do: give its teacher's embedding, and on the way its teacher's block outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import tensorflow as tf

FloatArray = NDArray[np.float32]

_LEAST_VARIANCE = 1e-3
"""Floor of a dimension's variance, relative to the mean over dimensions, so that a silent one does not
dominate.
"""


@dataclass(frozen=True)
class Objective:
    """Scales of the loss, measured on training windows.

    `variance` is the target embedding's, per dimension; `map_variances` maps a student's convolution index to
    (the teacher's convolution index, variance of that map). Weights multiply the loss terms. Beyond `huber`
    deviations of its dimension an element's error counts linearly (Huber, 1964): odd sounds, whose errors are
    large, then do not drown the small ones; None squares all errors.
    """

    variance: FloatArray
    map_variances: Mapping[int, tuple[int, float]]
    map_weight: float = 4.0
    cosine_weight: float = 0.5
    huber: float | None = None

    @classmethod
    def measured(
        cls,
        targets: FloatArray,
        map_variances: Mapping[int, tuple[int, float]],
        map_weight: float,
        cosine_weight: float,
        huber: float | None = None,
    ) -> Objective:
        """The objective for target embeddings like `targets`, float32 (n, width)."""
        variance = targets.var(axis=0)
        floor = max(float(variance.mean()) * _LEAST_VARIANCE, 1e-12)
        floored = np.maximum(variance, floor).astype(np.float32)
        return cls(floored, map_variances, map_weight, cosine_weight, huber)

    def embedding_loss(self, embedding: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """Half the error relative to the mean variance, half relative to each dimension's, plus the weighted
        1 - cosine.
        """
        import tensorflow as tf

        squared = tf.square(embedding - target)
        relative = tf.reduce_mean(squared) / float(self.variance.mean())
        relative += tf.reduce_mean(self._robust(squared / self.variance))
        norms = tf.norm(embedding, axis=1) * tf.norm(target, axis=1)
        cosine = tf.reduce_sum(embedding * target, 1) / (norms + 1e-6)
        return 0.5 * relative + self.cosine_weight * tf.reduce_mean(1 - cosine)

    def _robust(self, squared: tf.Tensor) -> tf.Tensor:
        """Squared deviations up to `huber` deviations, and the tangent beyond."""
        import tensorflow as tf

        if self.huber is None:
            return squared
        limit = self.huber
        linear = limit * (2 * tf.sqrt(tf.maximum(squared, limit**2)) - limit)
        return tf.where(squared <= limit**2, squared, linear)

    def map_loss(
        self, maps: list[tf.Tensor], teacher_maps: list[tf.Tensor], adapters: Mapping[int, tf.Variable]
    ) -> tf.Tensor:
        """Mean over the matched maps of squared error relative to the teacher's variance, times `map_weight`.

        A student's map of another width goes through a learned 1x1 convolution first (Romero et al.,
        "FitNets", 2015).
        """
        import tensorflow as tf

        total = tf.constant(0.0)
        for index, (teacher_index, variance) in self.map_variances.items():
            matched = maps[index]
            if index in adapters:
                matched = tf.nn.conv2d(matched, adapters[index], 1, "SAME")
            total += tf.reduce_mean(tf.square(matched - teacher_maps[teacher_index])) / variance
        return self.map_weight * total / max(len(self.map_variances), 1)
