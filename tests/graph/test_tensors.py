"""Decibels in, real embeddings out."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.tensors import dequantize, quantize_input
from tests.graph.models import ModelBuilder


def network(gain: float = 0.1, offset: float = 1.0, scale: float = 0.5, zero_point: int = 3) -> Network:
    builder = ModelBuilder((2, 3, 1), scale, zero_point).conv2d(1)
    return read_network(builder.metadata(input_gain=gain, input_offset=offset).build())


def test_gain_offset_scale_and_zero_point() -> None:
    decibels = np.array([[[0, -10, -20], [-30, -60, -80]]], np.float32)
    quantized = quantize_input(network(), decibels)
    assert quantized.shape == (1, 2, 3, 1)
    assert quantized.dtype == np.int8
    assert quantized.ravel().tolist() == [5, 3, 1, -1, -7, -11]


def test_halves_round_away_from_zero() -> None:
    decibels = np.array([[[0.5, 1.5, 2.5], [-0.5, -1.5, -2.5]]], np.float32)
    quantized = quantize_input(network(gain=1.0, offset=0.0, scale=1.0, zero_point=0), decibels)
    assert quantized.ravel().tolist() == [1, 2, 3, -1, -2, -3]


def test_values_beyond_int8_saturate() -> None:
    decibels = np.array([[[1e9, -1e9, 0], [0, 0, 0]]], np.float32)
    assert quantize_input(network(), decibels).ravel().tolist()[:2] == [127, -128]


def test_a_spectrogram_of_another_shape_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"\(1, 3, 2\)"):
        quantize_input(network(), np.zeros((1, 3, 2), np.float32))


def test_nan_is_refused() -> None:
    with pytest.raises(BadInputError, match="finite"):
        quantize_input(network(), np.full((1, 2, 3), np.nan, np.float32))


def test_dequantize() -> None:
    tensor = network().input
    values = dequantize(tensor, np.array([-128, 3, 127], np.int8))
    assert values.dtype == np.float32
    assert values.tolist() == [-65.5, 0.0, 62.0]
