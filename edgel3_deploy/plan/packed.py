"""Packed constants of the fast kernels: requantization per channel, and the order of channels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Requantize


class RequantizeForm(IntEnum):
    """How accumulators become int8: edgel3_requantize_t of firmware/include/edgel3_kernels.h."""

    RECTIFIED = 0
    ROUNDED = 1
    GENERAL = 2


@dataclass(frozen=True)
class PackedConv:
    """Constants of one layer for one kernel.

    `weights` is uint32 words in the kernel's layout; `channels` int32 (out, 4) with bias, multiplier,
    rounding and shift as edgel3_channel_t; `corrections` int32 (out, 4), zero for kernels that need none.
    """

    weights: NDArray[np.uint32]
    channels: NDArray[np.int32]
    corrections: NDArray[np.int32]

    @property
    def size(self) -> int:
        """Bytes of flash."""
        corrections = self.corrections.nbytes if self.corrections.any() else 0
        return self.weights.nbytes + self.channels.nbytes + corrections


def wrap(values: NDArray[np.int64]) -> NDArray[np.int32]:
    """Integers modulo 2^32, as the kernels compute."""
    return values.astype(np.uint64).astype(np.uint32).view(np.int32)


def channel_constants(
    bias: NDArray[np.int64], requantize: Requantize, output_zero_point: int, form: RequantizeForm
) -> NDArray[np.int32]:
    """int32 (out, 4): `bias` (modulo 2^32) with the requantization constants in the given form."""
    shift = requantize.shift.astype(np.int64)
    if form is RequantizeForm.GENERAL:
        rounding = np.zeros_like(shift)
    else:
        shift = -shift
        rounding = (1 << (shift - 1)) + output_zero_point * (1 << shift)
    return np.stack([wrap(bias), requantize.multiplier, wrap(rounding), shift.astype(np.int32)], axis=1)


def pairs(channels: int) -> int:
    """Words of two int16 that the matrix products take for `channels` channels: a multiple of 8."""
    return (channels + 15) // 16 * 8


def paired(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """(..., channels) to (..., pairs, 2) as SXTB16 orders them: (0, 2), (1, 3), (4, 6), ...; zeros behind."""
    channels = values.shape[-1]
    padding = [(0, 0)] * (values.ndim - 1) + [(0, 2 * pairs(channels) - channels)]
    quads = np.pad(values, padding).reshape(*values.shape[:-1], -1, 2, 2)
    return quads.swapaxes(-1, -2).reshape(*values.shape[:-1], -1, 2)


def words16(lanes: NDArray[np.int64]) -> NDArray[np.uint32]:
    """(..., 2) lanes to words of two int16, low lane first."""
    low, high = (lanes & 0xFFFF).astype(np.uint32)[..., 0], (lanes & 0xFFFF).astype(np.uint32)[..., 1]
    return low | (high << np.uint32(16))


def words8(octets: NDArray[np.int64]) -> NDArray[np.uint32]:
    """(..., 4) bytes to words, first byte lowest."""
    shifted = (octets & 0xFF).astype(np.uint32) << np.array([0, 8, 16, 24], np.uint32)
    words: NDArray[np.uint32] = np.bitwise_or.reduce(shifted, axis=-1)
    return words


def channel_pairs(weights: NDArray[np.int8]) -> NDArray[np.int64]:
    """(out, ...) to (out pairs, 2, ...): an odd last channel gets a twin of zeros."""
    wide = weights.astype(np.int64)
    if len(wide) % 2:
        wide = np.concatenate([wide, np.zeros_like(wide[:1])])
    return wide.reshape(-1, 2, *wide.shape[1:])
