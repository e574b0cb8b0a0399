"""The tables are librosa's filters and correct trigonometry, and the affine is the network's quantization."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from librosa.filters import mel

from edgel3_deploy.audio.front_end_tables import (
    DECIBELS_PER_OCTAVE,
    LEVEL_BITS,
    LOGARITHM,
    affine,
    front_end_tables,
)
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.errors import BadInputError

BOTH = pytest.mark.parametrize("sizes", [SEA, L3], ids=["sea", "l3"])


@BOTH
@pytest.mark.filterwarnings("ignore:Empty filters")
def test_slopes_and_factors_are_librosas_filters(sizes: FrontEnd) -> None:
    tables = front_end_tables(sizes)
    filters = np.zeros((sizes.n_mels + 2, tables.bins))
    first = 1
    for run, end in enumerate(tables.ends.tolist()):
        filters[run + 1, first:end] += tables.slope[first:end]
        filters[run, first:end] += 1 - tables.slope[first:end].astype(np.float64)
        first = end
    assert first == tables.bins
    factors = 2.0 ** (tables.norm / (1 << LEVEL_BITS))
    expected = mel(
        sr=sizes.sample_rate,
        n_fft=sizes.n_fft,
        n_mels=sizes.n_mels,
        htk=True,
        norm="slaney",
        dtype=np.float64,
    )
    assert np.allclose(filters[1:-1] * factors[:, np.newaxis], expected[:, :-1], rtol=0, atol=3e-9)
    assert not expected[:, [0, -1]].any()


@BOTH
def test_the_window_is_half_a_periodic_hann_window_halved(sizes: FrontEnd) -> None:
    window = front_end_tables(sizes).window
    assert np.allclose(2 * window, np.hanning(sizes.n_fft + 1)[: sizes.n_fft // 2 + 1], atol=3e-8)


@BOTH
def test_the_passes_make_the_whole_transform(sizes: FrontEnd) -> None:
    tables = front_end_tables(sizes)
    assert np.prod(tables.radices) == tables.bins
    points = np.cumprod(tables.radices)
    assert [table.shape for table in tables.twiddles] == [
        (before, radix - 1, 2) for before, radix in zip(points, tables.radices[1:], strict=False)
    ]


def test_the_logarithm_is_good_to_24_bits() -> None:
    t = np.linspace(np.sqrt(0.5), np.sqrt(2.0), 100_001) - 1
    found = t * np.polyval(LOGARITHM[::-1].astype(np.float64), t)
    assert np.abs(found - np.log2(1 + t)).max() < 2.0**-24


@given(
    gain=st.floats(0.01, 10),
    offset=st.floats(-10, 10),
    scale=st.floats(0.01, 1),
    zero_point=st.integers(-128, 127),
    decibels=st.floats(-80, 0),
)
def test_the_affine_is_the_quantization_of_decibels(
    gain: float, offset: float, scale: float, zero_point: int, decibels: float
) -> None:
    found = affine(gain, offset, scale, zero_point)
    below = round(decibels / DECIBELS_PER_OCTAVE * (1 << LEVEL_BITS))
    step = ((below * found.slope >> 32) + found.offset) / (1 << found.shift)
    exact = (gain * decibels + offset) / scale + zero_point + 0.5
    assert step == pytest.approx(exact, abs=3 / (1 << found.shift) + 1e-6 * abs(exact))


@pytest.mark.parametrize("gain, scale", [(1.0, 1e-9), (0.0, 1.0), (-1.0, 1.0), (1.0, 1e12)])
def test_an_affine_that_32_bits_do_not_hold_is_refused(gain: float, scale: float) -> None:
    with pytest.raises(BadInputError, match="out of the front end's reach"):
        affine(gain, 0.0, scale, 0)
