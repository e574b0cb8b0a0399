"""Fine-tuning with the rounding in place: closer to float than what it started from, and still plain int8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.audio.clips import find_clips
from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.quantize.calibration import calibration_set
from edgel3_deploy.quantize.fidelity import measure
from edgel3_deploy.quantize.flatbuffer import write_model
from edgel3_deploy.quantize.post_training import quantize_layers
from tests.reference import litert

pytest.importorskip("tensorflow")


@pytest.mark.slow
def test_fine_tuning_brings_int8_closer_to_float(tiny_network: FloatNetwork, recordings: Path) -> None:
    from edgel3_deploy.quantize.qat import dequantized, fine_tune

    clips = find_clips([recordings])
    sounds = calibration_set(clips, SEA, 40)
    start = quantize_layers(tiny_network, sounds, "minmax")
    tuned = fine_tune(tiny_network, start, clips, windows=4800)
    spectrograms = sounds.without_silence()
    real = (tiny_network.input_gain * spectrograms + tiny_network.input_offset).astype(np.float32)[..., None]
    expected = forward(tiny_network, spectrograms)
    before, after = (
        measure(expected, litert.run_real(write_model(tiny_network, quantized), real))
        for quantized in (start, tuned)
    )
    assert after.sqnr_db > before.sqnr_db
    for old, new in zip(start.convs, tuned.convs, strict=True):
        assert new.weights.dtype == np.int8
        np.testing.assert_array_equal(new.weight_scales, old.weight_scales)
    assert forward(dequantized(tiny_network, tuned), spectrograms).shape == expected.shape
