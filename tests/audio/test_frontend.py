"""The front end against its definition, step by step, and against the arrays in a real weight file."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgel3_deploy.audio import frontend
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd, front_end, log_mel
from edgel3_deploy.audio.mel import mel_matrix
from edgel3_deploy.errors import BadInputError


def definition(samples: np.ndarray, sizes: FrontEnd) -> NDArray[np.float64]:
    """The published steps, one frame at a time, with librosa's mel matrix."""
    from librosa.filters import mel as librosa_mel

    frames = -(-sizes.sample_rate // sizes.hop_length)
    padding = max((frames - 1) * sizes.hop_length + sizes.n_fft - sizes.sample_rate, 0)
    padded = np.concatenate([np.zeros(padding // 2), samples, np.zeros(padding - padding // 2)])
    mel = librosa_mel(sr=sizes.sample_rate, n_fft=sizes.n_fft, n_mels=sizes.n_mels, htk=True, norm="slaney")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(sizes.n_fft) / sizes.n_fft)
    columns = []
    for start in range(0, frames * sizes.hop_length, sizes.hop_length):
        spectrum = np.fft.fft(padded[start : start + sizes.n_fft] * hann)[: sizes.n_fft // 2 + 1]
        columns.append(np.sqrt(mel @ np.abs(spectrum) ** 2))
    decibels = 10 * np.log10(np.maximum(np.stack(columns, axis=1), 1e-10))
    clipped: NDArray[np.float64] = np.maximum(decibels - decibels.max(), -80)
    return clipped


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize("sizes", [SEA, L3], ids=["sea", "l3"])
def test_follows_the_definition(sizes: FrontEnd) -> None:
    random = np.random.default_rng(1)
    time = np.arange(sizes.sample_rate) / sizes.sample_rate
    samples = 0.3 * np.sin(2 * np.pi * 440 * time * time) + 0.01 * random.normal(size=sizes.sample_rate)
    samples[: sizes.sample_rate // 3] = 0
    spectrogram = log_mel(samples.astype(np.float32), sizes)
    assert spectrogram.shape == (sizes.n_mels, sizes.frames)
    assert spectrogram.dtype == np.float32
    np.testing.assert_allclose(spectrogram, definition(samples.astype(np.float32), sizes), atol=1e-4)


def test_uses_the_arrays_that_the_networks_were_trained_with(sea_64_weights: Path) -> None:
    import h5py

    with h5py.File(io.BytesIO(gzip.decompress(sea_64_weights.read_bytes()))) as file:
        layer = file["model_weights/melspectrogram_1/melspectrogram_1"]
        mel = layer["Variable:0"][()]
        constant_term = layer["real_kernels:0"][:, 0, 0, 0]
    np.testing.assert_allclose(mel_matrix(SEA), mel, atol=4e-9)
    np.testing.assert_allclose(frontend._hann(SEA.n_fft), constant_term, atol=3e-8)


def test_silence_is_flat_at_zero_decibels() -> None:
    assert not log_mel(np.zeros(8000, np.float32), SEA).any()


def test_band_zero_is_the_lowest() -> None:
    time = np.arange(8000) / 8000
    low = log_mel(np.sin(2 * np.pi * 100 * time).astype(np.float32), SEA)
    high = log_mel(np.sin(2 * np.pi * 3500 * time).astype(np.float32), SEA)
    assert low.mean(axis=1).argmax() < 5
    assert high.mean(axis=1).argmax() > 55


@settings(max_examples=25)
@given(st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_loudness_does_not_matter(gain: float, seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, 8000)
    plain = log_mel(samples.astype(np.float32), SEA)
    scaled = log_mel((gain * samples).astype(np.float32), SEA)
    np.testing.assert_allclose(plain, scaled, atol=1e-2)
    assert plain.max() == 0
    assert plain.min() >= -80


@pytest.mark.parametrize("shape", [(7999,), (8001,), (8000, 1), (0,)])
def test_refuses_another_number_of_samples(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="8000"):
        log_mel(np.zeros(shape, np.float32), SEA)


def test_front_ends_are_found_by_name() -> None:
    assert front_end("sea") is SEA
    assert front_end("l3") is L3
    with pytest.raises(BadInputError, match="mfcc"):
        front_end("mfcc")
