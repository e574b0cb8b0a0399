"""How far the board's embeddings are from the reference's and from the float network's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Fidelity:
    """Distance from the float network, over all windows.

    `cosines` is float64 (windows,); cosine_p5 its 5th percentile. `sqnr_db` is 10 log10(sum ref^2 / sum
    err^2), infinite without any error; `rmse` and `max_abs_error` are in units of the embedding.
    """

    cosines: NDArray[np.float64]
    cosine_min: float
    cosine_p5: float
    cosine_median: float
    sqnr_db: float
    rmse: float
    max_abs_error: float


@dataclass(frozen=True)
class Difference:
    """One element of one window's output that is not the reference's."""

    window: int
    element: int
    expected: int
    got: int


def fidelity(reference: NDArray[np.float32], actual: NDArray[np.float32]) -> Fidelity:
    """Compare `actual` with `reference`, both real-valued (windows, embedding) with at least one window."""
    expected, got = reference.astype(np.float64), actual.astype(np.float64)
    error = got - expected
    cosines = cosines_of(expected, got)
    noise = float(np.sum(error**2))
    signal = float(np.sum(expected**2))
    return Fidelity(
        cosines=cosines,
        cosine_min=float(cosines.min()),
        cosine_p5=float(np.percentile(cosines, 5)),
        cosine_median=float(np.median(cosines)),
        sqnr_db=_decibels(signal, noise),
        rmse=float(np.sqrt(np.mean(error**2))),
        max_abs_error=float(np.abs(error).max()),
    )


def differences(expected: NDArray[np.int8], got: NDArray[np.int8]) -> tuple[Difference, ...]:
    """Every element in which two int8 arrays (windows, embedding) differ, in order of window and element."""
    return tuple(
        Difference(int(window), int(element), int(expected[window, element]), int(got[window, element]))
        for window, element in np.argwhere(expected != got)
    )


def saturated(embeddings: NDArray[np.int8], zero_point: int) -> NDArray[np.bool_]:
    """Which windows of int8 (windows, embedding) reach an end of the range, where larger values are clipped.

    The lower end counts unless it is zero's place, as behind a ReLU.
    """
    low, high = np.iinfo(np.int8).min, np.iinfo(np.int8).max
    reached: NDArray[np.bool_] = (embeddings == high).any(axis=1)
    return reached if zero_point == low else reached | (embeddings == low).any(axis=1)


def cosines_of(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine of each pair of rows: 1 where both are zero, 0 where one is."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    both_zero = ~a.any(axis=1) & ~b.any(axis=1)
    defined = np.sum(a * b, axis=1) / np.where(norms > 0, norms, 1.0)
    return np.clip(np.where(both_zero, 1.0, defined), -1.0, 1.0)


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return float("inf")
    return 10 * float(np.log10(signal / noise)) if signal > 0 else float("-inf")
