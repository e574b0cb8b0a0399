"""Mel filters: triangles on the HTK scale, each of the same area, as Slaney's toolbox normalises them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from edgel3_deploy.audio.frontend import FrontEnd


def corner_hz(front_end: FrontEnd) -> NDArray[np.float64]:
    """Where the triangles begin, peak and end, evenly spaced in mel: float64 (n_mels + 2,).

    Band b rises from corner b to b + 1 and falls until b + 2; the outermost corners are 0 and half the rate.
    """
    highest = 2595.0 * np.log10(1.0 + front_end.sample_rate / 2 / 700.0)
    mels = np.linspace(0.0, highest, front_end.n_mels + 2)
    corners: NDArray[np.float64] = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    return corners


@lru_cache
def mel_matrix(front_end: FrontEnd) -> NDArray[np.float64]:
    """The weight of every frequency bin's power in every band: float64 (n_fft / 2 + 1, n_mels).

    The operations and their order are librosa's (`filters.mel` with htk=True, norm="slaney"), so that the
    numbers are too. Bands narrower than a bin may hold none: the lowest of the l3 front end are empty.
    """
    corners = corner_hz(front_end)
    bins = np.fft.rfftfreq(front_end.n_fft, 1.0 / front_end.sample_rate)
    widths = np.diff(corners)[:, np.newaxis]
    above = corners[:, np.newaxis] - bins
    rising = -above[:-2] / widths[:-1]
    falling = above[2:] / widths[1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    areas = 2.0 / (corners[2:] - corners[:-2])
    matrix: NDArray[np.float64] = triangles * areas[:, np.newaxis]
    return matrix.T
