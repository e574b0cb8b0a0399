"""Constants of the front end as the board computes it, for its numpy twin and for the generated code.

Every float is a float64 value rounded once to float32. What the numbers mean: docs/front-end.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import AMPLITUDE_FLOOR, DYNAMIC_RANGE_DB, L3, SEA, FloatArray, FrontEnd
from edgel3_deploy.audio.mel import corner_hz
from edgel3_deploy.audio.pcm import FULL_SCALE
from edgel3_deploy.errors import BadInputError

LEVEL_BITS = 24
"""Fraction bits of a logarithm: an octave of power is 2^24."""
DECIBELS_PER_OCTAVE = 5.0 * np.log10(2.0)
"""10 log10 of an amplitude is 5 log10 of its power."""
LEAST_POWER = 0x20000000
"""Bits of the float32 2^-63: a power below it counts as zero."""
ROOT_HALF = 0x3F3504F3
"""Bits of the float32 next to sqrt(1/2), where the mantissas that the polynomial takes begin."""
FRACTION_BITS = 20
"""Most fraction bits that a step of int8 has while it is rounded."""

_RADICES = {SEA.name: (8, 8, 8), L3.name: (8, 8, 4, 4)}
STORED_BITS = {SEA.name: LEVEL_BITS, L3.name: 9}
"""Fraction bits of a level while it waits for its window to be complete, by front end."""
LOGARITHM = np.array(
    [
        1.442694902420044,
        -0.7213471531867981,
        0.48092252016067505,
        -0.3607211410999298,
        0.2876565456390381,
        -0.23852016031742096,
        0.21738089621067047,
        -0.2102997750043869,
        0.12540501356124878,
    ],
    np.float32,
)
"""Coefficients c of log2(1 + t) = t (c[0] + c[1] t + ...), for 1 + t in [sqrt(1/2), sqrt(2)): nearly minimax.

Literals, since a fit would depend on the machine that makes it.
"""


@dataclass(frozen=True)
class FrontEndTables:
    """A front end's constants; `bins` is n_fft / 2, the number of complex points of its FFT.

    radices      of the passes in order
    stored_bits  fraction bits of a level while it waits for its window to be complete
    window       half the periodic Hann window up to its middle, halved once more: float32 (bins + 1,)
    twiddles     of each pass from the second: cosine and sine for each factor but the first, float32
                 (points so far, radix - 1, 2)
    split        cosine and sine of 2 pi k / n_fft: float32 (bins / 2, 2)
    slope        the part of bin k that goes to the rising band: float32 (bins,)
    ends         bins 1 to bins - 1 are cut into n_mels + 1 runs by the bands' centres; their ends: uint16
    norm         Slaney's factor of each band, log2 in Q24: int32 (n_mels,)
    floor        the least level, log2 in Q24
    """

    front_end: FrontEnd
    radices: tuple[int, ...]
    stored_bits: int
    window: FloatArray
    twiddles: tuple[FloatArray, ...]
    split: FloatArray
    slope: FloatArray
    ends: NDArray[np.uint16]
    norm: NDArray[np.int32]
    floor: int

    @property
    def bins(self) -> int:
        return self.front_end.n_fft // 2

    @property
    def padding(self) -> int:
        """Zeros in front of a window, and behind it."""
        sizes = self.front_end
        return ((sizes.frames - 1) * sizes.hop_length + sizes.n_fft - sizes.sample_rate) // 2


@dataclass(frozen=True)
class Affine:
    """Levels to int8: clip(((d * slope >> 32) + offset) >> shift), d = level - top, but at least `lowest`.

    A level is log2 of power in Q24; `shift` is the number of fraction bits of a step, `offset` has the zero
    point and the half that rounds.
    """

    slope: int
    offset: int
    shift: int
    lowest: int


def affine(gain: float, offset: float, scale: float, zero_point: int) -> Affine:
    """The affine of a network whose int8 input is round((gain dB + offset) / scale) + zero_point.

    Raises BadInputError where 32 bits do not hold it: for a gain that is not positive, or a scale so small
    or so large that the range of 80 dB is no reasonable share of int8.
    """
    lowest = round(-DYNAMIC_RANGE_DB / DECIBELS_PER_OCTAVE * (1 << LEVEL_BITS))
    steps_per_unit = gain * DECIBELS_PER_OCTAVE / scale / (1 << LEVEL_BITS)
    for shift in range(FRACTION_BITS, 7, -1):
        slope = round(steps_per_unit * 2.0 ** (32 + shift))
        added = round((offset / scale + zero_point + 0.5) * (1 << shift))
        if 0 < slope < 1 << 31 and abs(added) < 1 << 30 and abs(lowest * slope >> 32) < 1 << 30:
            return Affine(slope, added, shift, lowest)
    raise BadInputError(
        f"an input of scale {scale:g} and gain {gain:g} is out of the front end's reach",
        "Quantize the network again, or build with --no-front-end.",
    )


@lru_cache
def front_end_tables(sizes: FrontEnd) -> FrontEndTables:
    """The constants of SEA or L3."""
    length, bins = sizes.n_fft, sizes.n_fft // 2
    corners = corner_hz(sizes)
    frequencies = np.arange(bins) * sizes.sample_rate / length
    run = np.searchsorted(corners, frequencies, side="right") - 1
    rising = (frequencies - corners[run]) / (corners[run + 1] - corners[run])
    ends = [1 + np.count_nonzero(run[1:] <= band) for band in range(sizes.n_mels + 1)]
    norm = np.log2(2.0 / (corners[2:] - corners[:-2]))
    floor = np.log2(AMPLITUDE_FLOOR**2 * float(FULL_SCALE) ** 2)
    return FrontEndTables(
        front_end=sizes,
        radices=_RADICES[sizes.name],
        stored_bits=STORED_BITS[sizes.name],
        # The halves that the split of the spectrum needs are in the window.
        window=_float32(0.25 - 0.25 * np.cos(2 * np.pi * np.arange(bins + 1) / length)),
        twiddles=_twiddles(_RADICES[sizes.name]),
        split=_circle(2 * np.pi * np.arange(bins // 2) / length),
        slope=_float32(rising),
        ends=np.array(ends, np.uint16),
        norm=_level(norm),
        floor=int(_level(floor)),
    )


def centre_hz(sizes: FrontEnd, band: int) -> float:
    """The frequency in the middle of a band."""
    return float(corner_hz(sizes)[band + 1])


def _twiddles(radices: tuple[int, ...]) -> tuple[FloatArray, ...]:
    tables = []
    points = radices[0]
    for radix in radices[1:]:
        before, points = points, points * radix
        turns = np.arange(before)[:, np.newaxis] * np.arange(1, radix) / points
        tables.append(_circle(2 * np.pi * turns))
    return tuple(tables)


def _circle(angles: NDArray[np.float64]) -> FloatArray:
    return _float32(np.stack([np.cos(angles), np.sin(angles)], axis=-1))


def _float32(values: NDArray[np.float64]) -> FloatArray:
    return values.astype(np.float32)


def _level(octaves: NDArray[np.float64] | np.float64) -> NDArray[np.int32]:
    return np.rint(octaves * (1 << LEVEL_BITS)).astype(np.int32)
