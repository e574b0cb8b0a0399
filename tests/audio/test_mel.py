"""The mel filters are librosa's, to the last bit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.audio.mel import corner_hz, mel_matrix

OTHERS = [
    FrontEnd("a", sample_rate=16_000, n_fft=512, hop_length=160, n_mels=40, frames=98),
    FrontEnd("b", sample_rate=44_100, n_fft=4096, hop_length=441, n_mels=128, frames=91),
]


@pytest.mark.parametrize("sizes", [SEA, L3, *OTHERS], ids=lambda sizes: sizes.name)
def test_equal_to_librosas(sizes: FrontEnd) -> None:
    librosa = pytest.importorskip("librosa")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters")
        expected = librosa.filters.mel(
            sr=sizes.sample_rate,
            n_fft=sizes.n_fft,
            n_mels=sizes.n_mels,
            htk=True,
            norm="slaney",
            dtype=np.float64,
        )
    corners = librosa.mel_frequencies(sizes.n_mels + 2, fmin=0.0, fmax=sizes.sample_rate / 2, htk=True)
    np.testing.assert_array_equal(corner_hz(sizes), corners)
    np.testing.assert_array_equal(mel_matrix(sizes), expected.T)


def test_every_band_that_holds_many_bins_passes_the_same_power() -> None:
    """The integral of each triangle over Hz is 1."""
    bin_hz = SEA.sample_rate / SEA.n_fft
    areas = mel_matrix(SEA).sum(axis=0) * bin_hz
    wide = np.diff(corner_hz(SEA))[1:] > 8 * bin_hz
    assert wide.sum() > 10
    np.testing.assert_allclose(areas[wide], 1, atol=0.01)


def test_bands_peak_at_their_middle_corner() -> None:
    matrix, corners = mel_matrix(SEA), corner_hz(SEA)
    peaks = matrix.argmax(axis=0) * SEA.sample_rate / SEA.n_fft
    assert np.all(np.abs(peaks - corners[1:-1]) <= SEA.sample_rate / SEA.n_fft)
