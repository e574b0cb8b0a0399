"""Recordings are rounded to int16 in one way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.audio.pcm import to_pcm


def _pcm(*samples: float) -> list[int]:
    values: list[int] = to_pcm(np.array(samples, np.float32)).tolist()
    return values


def test_full_scale_is_clipped() -> None:
    assert _pcm(-1.0, 1.0, -1.5, 3e38, 32767 / 32768) == [-32768, 32767, -32768, 32767, 32767]


def test_halves_go_to_the_even_neighbour() -> None:
    assert _pcm(0.5 / 32768, 1.5 / 32768, -0.5 / 32768, -1.5 / 32768, 2.5 / 32768) == [0, 2, 0, -2, 2]


@given(st.lists(st.integers(-32768, 32767), min_size=1))
def test_int16_survives_the_way_through_float(values: list[int]) -> None:
    pcm = np.array(values, np.int16)
    assert np.array_equal(to_pcm(pcm.astype(np.float32) / np.float32(32768)), pcm)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(odd: float) -> None:
    with pytest.raises(ValueError, match="NaN"):
        to_pcm(np.array([0.0, odd], np.float32))


def test_a_16_bit_file_is_read_back_exactly(tmp_path: Path) -> None:
    pcm = np.random.default_rng(1).integers(-32768, 32768, 4000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", pcm, 8000, subtype="PCM_16")
    samples, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert np.array_equal(to_pcm(samples), pcm)
