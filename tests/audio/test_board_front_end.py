"""The board's front end in numpy is as close to librosa's in float64 as its documentation says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.audio.board_front_end import decibels, levels, pcm_to_int8, quantize_levels
from edgel3_deploy.audio.front_end_tables import affine
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd, log_mel
from edgel3_deploy.audio.pcm import FULL_SCALE, PcmArray
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.tensors import quantize_input
from tests.firmware.front_end.windows import hostile, recorded
from tests.graph.models import ModelBuilder

SCALE, ZERO_POINT = 80 / 255, 127


def _reference(pcm: PcmArray, front_end: FrontEnd) -> np.ndarray:
    return log_mel(pcm.astype(np.float32) / np.float32(FULL_SCALE), front_end)


def _int8(pcm: PcmArray, front_end: FrontEnd, gain: float, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """A window's input by the board's arithmetic, and by float64."""
    builder = ModelBuilder((front_end.n_mels, front_end.frames, 1), scale=SCALE, zero_point=ZERO_POINT)
    network = replace(read_network(builder.conv2d(1).build()), input_gain=gain, input_offset=offset)
    board = pcm_to_int8(pcm, front_end, affine(gain, offset, SCALE, ZERO_POINT))
    return board, quantize_input(network, _reference(pcm, front_end)[np.newaxis])[0]


@pytest.mark.parametrize("front_end, windows, share", [(SEA, 80, 0.0001), (L3, 12, 0.005)], ids=["sea", "l3"])
def test_recordings_differ_from_float64_in_few_elements_by_one_step(
    clips: Path, front_end: FrontEnd, windows: int, share: float
) -> None:
    differing = elements = 0
    for pcm in recorded(clips, front_end, 0.5, windows):
        board, exact = _int8(pcm, front_end, 1.0, 0.0)
        difference = np.abs(board.astype(np.int32) - exact)
        assert difference.max() <= 1
        differing += int(np.count_nonzero(difference))
        elements += difference.size
    assert differing <= share * elements


@pytest.mark.parametrize("front_end, within", [(SEA, 0.011), (L3, 0.1)], ids=["sea", "l3"])
def test_recordings_are_close_in_decibels(clips: Path, front_end: FrontEnd, within: float) -> None:
    for pcm in recorded(clips, front_end, 0.5, 8):
        assert np.abs(decibels(levels(pcm, front_end)) - _reference(pcm, front_end)).max() < within


@pytest.mark.parametrize(
    "name", ["silence", "noise of 1 LSB", "noise of full scale", "impulse", "DC of 1 LSB"]
)
def test_quiet_and_loud_noise_is_exact(name: str) -> None:
    board, exact = _int8(hostile(SEA)[name], SEA, 1.0, 0.0)
    assert np.array_equal(board, exact)


def test_the_networks_gain_and_offset_are_in_the_quantization() -> None:
    board, exact = _int8(hostile(SEA)["noise of full scale"], SEA, 0.5, -3.0)
    assert np.array_equal(board, exact)


def test_silence_is_at_its_own_maximum() -> None:
    assert (decibels(levels(np.zeros(8000, np.int16), SEA)) == 0).all()


def test_a_louder_window_moves_no_level_but_all() -> None:
    """A factor of two is exact in floating point: levels rise by two octaves of power."""
    pcm = (hostile(SEA)["noise of full scale"] // 4).astype(np.int16)
    assert np.array_equal(
        levels((2 * pcm).astype(np.int16), SEA) - levels(pcm, SEA), np.full((50, 64), 2 << 24)
    )


def test_levels_are_quantized_band_by_band() -> None:
    found = np.zeros((50, 64), np.int32)
    found[7, 3] = 10 << 24
    values = quantize_levels(found, affine(1.0, 0.0, SCALE, ZERO_POINT))
    assert values.shape == (64, 50, 1)
    assert values[3, 7, 0] == 127
    assert (np.delete(values.ravel(), 3 * 50 + 7) == values[0, 0, 0]).all()


@pytest.mark.parametrize("pcm", [np.zeros(7999, np.int16), np.zeros(8000, np.float32)])
def test_other_samples_are_refused(pcm: PcmArray) -> None:
    with pytest.raises(ValueError, match="samples"):
        levels(pcm, SEA)
