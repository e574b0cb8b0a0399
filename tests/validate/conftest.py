"""A small build and a short recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.pipeline.prepared import PreparedBuild
from tests.validate.prepared import prepared_build


@pytest.fixture
def build(tmp_path: Path) -> PreparedBuild:
    return prepared_build(tmp_path)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """1.2 s of noise: eight windows at a hop of 0.1 s, half a window of zeros in front."""
    path = tmp_path / "noise.wav"
    samples = np.random.default_rng(7).normal(0, 0.1, 9_600)
    soundfile.write(path, samples, 8_000)
    return path
