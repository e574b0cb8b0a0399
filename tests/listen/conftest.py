"""A build with a head, and a recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.pipeline.prepared import PreparedBuild
from tests.listen.sensor import a_build


@pytest.fixture
def build(tmp_path: Path) -> PreparedBuild:
    return a_build(tmp_path)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """3.5 s of noise at 16 kHz: three windows at a hop of a second."""
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(7).normal(0, 0.1, 56_000), 16_000)
    return path
