"""Rounding of weights so that a layer's output changes least, given what its inputs look like.

Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers" (ICLR
2023), followed by a coordinate descent over steps of one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

WEIGHT_MAX = 127
_DAMPING = 0.01
_BLOCK = 128
_SWEEPS = 3
_TRIED_INPUTS = 1152
"""Inputs times scales tried: 128 scales for the nine inputs of the first layer, one for the widest."""
_SCALE_STEP = 0.0024
"""From one scale to the next; the largest weight moves by a third of an integer step."""


def channel_scales(weights: Matrix) -> Matrix:
    """Symmetric scale of each output channel of `weights` (inputs, out): its largest magnitude becomes
    127.
    """
    peaks = np.abs(weights).max(axis=0)
    scales: Matrix = np.maximum(peaks, max(float(peaks.max()) * 1e-6, 1e-6)) / WEIGHT_MAX
    return scales


def round_nearest(weights: Matrix, scales: Matrix) -> Matrix:
    """Integers nearest to weights / scales, within -127 ... 127."""
    return np.clip(np.rint(weights / scales), -WEIGHT_MAX, WEIGHT_MAX)


def least_squares_scales(weights: Matrix, gram: Matrix, steps: int = 20) -> Matrix:
    """Scales between 0.7 and 1 times the symmetric ones, each channel's such that rounding to nearest errs
    least.
    """
    full = channel_scales(weights)
    best, least = full, np.full(full.shape, np.inf)
    for share in np.linspace(1.0, 0.7, steps):
        scales = full * share
        error = output_error(round_nearest(weights, scales) * scales - weights, gram)
        best, least = np.where(error < least, scales, best), np.minimum(error, least)
    return best


def output_error(difference: Matrix, gram: Matrix) -> Matrix:
    """Mean squared change of each output when the weights change by `difference`: (out,)."""
    change: Matrix = (difference * (gram @ difference)).sum(axis=0)
    return change


def damped(gram: Matrix) -> Matrix:
    """`gram` (inputs, inputs) with a hundredth of its mean variance added to each, so that it has an
    inverse.
    """
    steadied: Matrix = gram + np.eye(len(gram)) * max(_DAMPING * float(np.diag(gram).mean()), 1e-12)
    return steadied


def gptq(weights: Matrix, gram: Matrix, scales: Matrix) -> Matrix:
    """Integers for `weights` (inputs, out): one input after the other is rounded and the rest makes up for
    it.

    `gram` (inputs, inputs) is the covariance of the inputs. Inputs go by falling variance. Weights of zero,
    as pruning leaves them, stay zero.
    """
    count = len(weights)
    steadied = damped(gram)
    order = np.argsort(-np.diag(steadied), kind="stable")
    upper = np.linalg.cholesky(np.linalg.inv(steadied[np.ix_(order, order)])).T
    remaining, rounded = weights[order].copy(), np.empty_like(weights)
    kept = remaining != 0
    for start in range(0, count, _BLOCK):
        end = min(start + _BLOCK, count)
        errors = np.empty((end - start, weights.shape[1]))
        for row in range(start, end):
            rounded[row] = np.where(kept[row], round_nearest(remaining[row], scales), 0)
            error = (remaining[row] - rounded[row] * scales) / upper[row, row]
            remaining[row + 1 : end] -= np.outer(upper[row, row + 1 : end], error)
            errors[row - start] = error
        remaining[end:] -= upper[start:end, end:].T @ errors
    result = np.empty_like(rounded)
    result[order] = rounded
    return result


def refine(rounded: Matrix, weights: Matrix, gram: Matrix, scales: Matrix) -> Matrix:
    """Steps of one in `rounded` wherever they lower the output error, until none does or the sweeps are
    over.
    """
    rounded = rounded.copy()
    gradient = gram @ (rounded * scales - weights)
    for _ in range(_SWEEPS):
        changed = False
        for row in range(len(rounded)):
            sign = np.sign(gradient[row])
            step = -sign * scales
            gain = 2 * step * gradient[row] + step**2 * gram[row, row]
            allowed = (np.abs(rounded[row] - sign) <= WEIGHT_MAX) & (weights[row] != 0)
            better = np.flatnonzero((gain < -1e-15) & allowed)
            if better.size:
                rounded[row, better] -= sign[better]
                gradient[:, better] += np.outer(gram[:, row], step[better])
                changed = True
        if not changed:
            break
    return rounded


def round_at_best_scales(weights: Matrix, gram: Matrix, least_scales: Matrix) -> tuple[Matrix, Matrix]:
    """Integers (inputs, out) by `gptq` and `refine`, and their scales (out,), which float32 holds exactly.

    Scales are symmetric ones or slightly larger: where there are few inputs the error varies widely from one
    scale to the next, so the more are tried the fewer inputs there are, and each output keeps its best. None
    is below `least_scales` (out,).
    """
    trials = max(_TRIED_INPUTS // len(weights), 1)
    factors = 1 + _SCALE_STEP * np.arange(trials)[:, np.newaxis]
    scales = np.maximum(factors * channel_scales(weights), least_scales)
    scales = scales.astype(np.float32).astype(np.float64).ravel()
    repeated = np.tile(weights, (1, trials))
    rounded = refine(gptq(repeated, gram, scales), repeated, gram, scales)
    errors = output_error(rounded * scales - repeated, gram).reshape(trials, -1)
    outputs = weights.shape[1]
    best = errors.argmin(axis=0) * outputs + np.arange(outputs)
    return rounded[:, best], scales[best]
