"""What int8 costs on recordings that did not calibrate, behind each layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.audio.clips import find_clips
from edgel3_deploy.errors import UsageError
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.quantize import quantize
from edgel3_deploy.quantize.judge import judge


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """A second folder: noise that fades."""
    folder = tmp_path / "others"
    folder.mkdir()
    noise = np.random.default_rng(9).uniform(-0.5, 0.5, 20_000) * np.linspace(1, 0.01, 20_000)
    soundfile.write(folder / "fading.wav", noise, 8000)
    return folder


def test_every_layer_is_judged_in_the_float_networks_terms(
    tiny_network: FloatNetwork, recordings: Path, others: Path
) -> None:
    """Equalized channels count in their own size: the layers are as close as on the calibration."""
    quantized = quantize(tiny_network, calibration=[recordings], judging=[others])
    judged = quantized.judgement
    assert judged is not None
    assert judged.windows == "21 windows of 1 recording that did not calibrate"
    assert [name for name, _ in judged.layer_sqnr_db] == [f"conv{number}" for number in range(1, 9)]
    calibrated = dict(quantized.layer_sqnr_db)
    assert all(abs(db - calibrated[name]) < 10 for name, db in judged.layer_sqnr_db)
    assert judged.fidelity.sqnr_db > 20


def test_without_the_factors_equalized_layers_would_look_bad(
    tiny_network: FloatNetwork, recordings: Path, others: Path
) -> None:
    quantized = quantize(tiny_network, calibration=[recordings])
    unscaled = judge(tiny_network, quantized.tflite, (), find_clips([others]), 5)
    assert min(db for _, db in unscaled.layer_sqnr_db) < 10


def test_the_windows_are_limited(tiny_network: FloatNetwork, recordings: Path, others: Path) -> None:
    quantized = quantize(tiny_network, calibration=[recordings])
    judged = judge(tiny_network, quantized.tflite, (), find_clips([others]), 2)
    assert judged.windows.startswith("2 windows")


def test_a_recording_cannot_calibrate_and_judge(tiny_network: FloatNetwork, recordings: Path) -> None:
    with pytest.raises(UsageError, match=r"a-noise.wav.*cannot judge"):
        quantize(tiny_network, calibration=[recordings], judging=[recordings / "a-noise.wav"])
