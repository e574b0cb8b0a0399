"""A tiny quantized model and inputs for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.quantize import quantize
from tests.models.synthetic_weights import random_weights


@pytest.fixture
def tiny_tflite(tmp_path: Path) -> bytes:
    """A sea network of filters 4 4 8 8 with random weights, calibrated on generated sounds."""
    return quantize(read_weights(random_weights(tmp_path / "tiny.h5", (4, 4, 8, 8)))).tflite


@pytest.fixture
def inputs() -> NDArray[np.int8]:
    """Six random int8 spectrograms."""
    return np.random.default_rng(0).integers(-128, 128, (6, 64, 50, 1)).astype(np.int8)
