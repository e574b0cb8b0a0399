"""The front end as the board computes it: PCM to int8, in numpy, equal to the firmware in every bit.

Each operation is one IEEE single-precision addition, subtraction or multiplication, in the order of
firmware/front_end/: no product is fused into a sum, and nothing is left to BLAS or np.sum, whose order is not
fixed. From the logarithm on all is integer. docs/front-end.md explains the stages.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgel3_deploy.audio.front_end_tables import (
    DECIBELS_PER_OCTAVE,
    LEAST_POWER,
    LEVEL_BITS,
    LOGARITHM,
    ROOT_HALF,
    Affine,
    FrontEndTables,
    front_end_tables,
)
from edgel3_deploy.audio.frontend import DYNAMIC_RANGE_DB, FloatArray, FrontEnd
from edgel3_deploy.audio.pcm import PcmArray

LevelArray = NDArray[np.int32]
_Complex = tuple[FloatArray, FloatArray]
"""Real and imaginary parts."""

_ROOT_HALF = np.float32(np.sqrt(0.5))
_MANTISSA = np.uint32(0x7FFFFF)
_ONE = 0x3F800000


def pcm_to_int8(pcm: PcmArray, front_end: FrontEnd, affine: Affine) -> NDArray[np.int8]:
    """One window as the network takes it: int16 (sample_rate,) -> int8 (n_mels, frames, 1)."""
    return quantize_levels(levels(pcm, front_end), affine)


def levels(pcm: PcmArray, front_end: FrontEnd) -> LevelArray:
    """log2 of the power in each band, Q24, of one window: int16 (sample_rate,) -> int32 (frames, n_mels).

    Rounded to the bits that the front end keeps. Raises ValueError for another number or type of samples.
    """
    if pcm.dtype != np.int16 or pcm.shape != (front_end.sample_rate,):
        raise ValueError(f"{pcm.shape} samples of {pcm.dtype}, not ({front_end.sample_rate},) of int16")
    tables = front_end_tables(front_end)
    real, imaginary = _spectrum(_frames(pcm, tables), tables)
    bands = _bands(_power(real, imaginary, tables), tables)
    found: LevelArray = np.maximum(_log2(bands, tables.floor) + tables.norm, np.int32(tables.floor)).astype(
        np.int32
    )
    unused = LEVEL_BITS - tables.stored_bits
    return found if unused == 0 else (found + np.int32(1 << (unused - 1))) >> unused << unused


def quantize_levels(found: LevelArray, affine: Affine) -> NDArray[np.int8]:
    """Levels of one window, int32 (frames, n_mels), relative to the greatest, as int8 (n_mels, frames, 1)."""
    below = np.maximum(found - found.max(), np.int32(affine.lowest)).astype(np.int64)
    steps = ((below * affine.slope >> 32) + affine.offset) >> affine.shift
    return np.ascontiguousarray(np.clip(steps, -128, 127).astype(np.int8).T[..., np.newaxis])


def decibels(found: LevelArray) -> FloatArray:
    """Levels of one window as `log_mel` gives them: float32 (n_mels, frames), within [-80, 0]."""
    relative = (found - found.max()).T.astype(np.float64) * (DECIBELS_PER_OCTAVE / (1 << LEVEL_BITS))
    clipped: FloatArray = np.maximum(relative, -DYNAMIC_RANGE_DB).astype(np.float32)
    return clipped


def _frames(pcm: PcmArray, tables: FrontEndTables) -> FloatArray:
    """The window's frames, times the Hann window: float32 (frames, n_fft)."""
    sizes = tables.front_end
    padded = np.pad(pcm, tables.padding)
    cut = sliding_window_view(padded, sizes.n_fft)[:: sizes.hop_length][: sizes.frames]
    half = tables.window
    product: FloatArray = cut.astype(np.float32) * np.concatenate([half, half[1:-1][::-1]])
    return product


def _spectrum(samples: FloatArray, tables: FrontEndTables) -> _Complex:
    """The FFT of samples taken two by two as complex points: float32 (frames, bins) each.

    Decimation in time: at each pass the axes are frames, points so far, and what is left to transform.
    """
    count, bins, first = len(samples), tables.bins, tables.radices[0]
    shape = (count, first, bins // first)
    real, imaginary = samples[:, 0::2].reshape(shape), samples[:, 1::2].reshape(shape)
    points = _dft8([(real[:, n], imaginary[:, n]) for n in range(first)])
    real, imaginary = (np.stack(parts, 1) for parts in zip(*points, strict=True))
    for radix, twiddles in zip(tables.radices[1:], tables.twiddles, strict=True):
        split = (count, real.shape[1], radix, real.shape[2] // radix)
        real, imaginary = real.reshape(split), imaginary.reshape(split)
        points = [(real[:, :, 0], imaginary[:, :, 0])]
        for n in range(1, radix):
            a, b = real[:, :, n], imaginary[:, :, n]
            cosine, sine = (twiddles[:, n - 1, part][:, np.newaxis] for part in range(2))
            points.append((a * cosine + b * sine, b * cosine - a * sine))
        points = (_dft8 if radix == 8 else _dft4)(points)
        real, imaginary = (np.concatenate(parts, 1) for parts in zip(*points, strict=True))
    return real[:, :, 0], imaginary[:, :, 0]


def _dft4(x: list[_Complex]) -> list[_Complex]:
    a, b = _add(x[0], x[2]), _subtract(x[0], x[2])
    c, d = _add(x[1], x[3]), _turn(_subtract(x[1], x[3]))
    return [_add(a, c), _add(b, d), _subtract(a, c), _subtract(b, d)]


def _dft8(x: list[_Complex]) -> list[_Complex]:
    even = _dft4([_add(x[n], x[n + 4]) for n in range(4)])
    a, b, c, d = (_subtract(x[n], x[n + 4]) for n in range(4))
    odd = _dft4([a, _turn_half(b), _turn(c), _turn(_turn_half(d))])
    return [point for pair in zip(even, odd, strict=True) for point in pair]


def _add(a: _Complex, b: _Complex) -> _Complex:
    return a[0] + b[0], a[1] + b[1]


def _subtract(a: _Complex, b: _Complex) -> _Complex:
    return a[0] - b[0], a[1] - b[1]


def _turn(a: _Complex) -> _Complex:
    """Times -i."""
    return a[1], -a[0]


def _turn_half(a: _Complex) -> _Complex:
    """Times (1 - i) / sqrt(2)."""
    return (a[0] + a[1]) * _ROOT_HALF, (a[1] - a[0]) * _ROOT_HALF


def _power(real: FloatArray, imaginary: FloatArray, tables: FrontEndTables) -> FloatArray:
    """The power of the real samples' spectrum, but of bins 0 and n_fft / 2: float32 (frames, bins)."""
    bins = tables.bins
    power = np.zeros_like(real)
    low = np.arange(1, bins // 2)
    high = bins - low
    (a, b), (c, d) = (real[:, low], imaginary[:, low]), (real[:, high], imaginary[:, high])
    even_re, even_im, odd_re, odd_im = a + c, b - d, a - c, b + d
    cosine, sine = tables.split[low, 0], tables.split[low, 1]
    t = cosine * odd_im - sine * odd_re
    u = cosine * odd_re + sine * odd_im
    for bin_, re, im in ((low, even_re + t, even_im - u), (high, even_re - t, even_im + u)):
        power[:, bin_] = re * re + im * im
    middle = bins // 2
    re, im = real[:, middle] + real[:, middle], imaginary[:, middle] + imaginary[:, middle]
    power[:, middle] = re * re + im * im
    return power


def _bands(power: FloatArray, tables: FrontEndTables) -> FloatArray:
    """The power in each band before Slaney's factor: float32 (frames, n_mels)."""
    to_rising = np.ascontiguousarray((power * tables.slope).T)
    to_falling = np.ascontiguousarray((power - power * tables.slope).T)
    bands = np.empty((tables.front_end.n_mels, len(power)), np.float32)
    first = 1
    rising = np.zeros(len(power), np.float32)
    for run, end in enumerate(tables.ends.tolist()):
        before = rising
        rising, falling = np.zeros_like(before), np.zeros_like(before)
        for bin_ in range(first, end):
            rising = rising + to_rising[bin_]
            falling = falling + to_falling[bin_]
        if run:
            bands[run - 1] = before + falling
        first = end
    return np.ascontiguousarray(bands.T)


def _log2(values: FloatArray, floor: int) -> LevelArray:
    """log2 in Q24: the exponent, and a polynomial of the mantissa; far below `floor` next to zero."""
    bits = values.view(np.uint32)
    moved = bits + np.uint32(_ONE - ROOT_HALF)
    exponent = (moved >> np.uint32(23)).astype(np.int32) - 127
    t = ((moved & _MANTISSA) + np.uint32(ROOT_HALF)).view(np.float32) - np.float32(1)
    polynomial = np.full_like(t, LOGARITHM[-1])
    for coefficient in LOGARITHM[-2::-1]:
        polynomial = polynomial * t + coefficient
    fraction = (polynomial * t * np.float32(1 << LEVEL_BITS)).astype(np.int32)
    found = (exponent << LEVEL_BITS) + fraction
    return np.where(bits < LEAST_POWER, np.int32(floor - (1 << 28)), found).astype(np.int32)
