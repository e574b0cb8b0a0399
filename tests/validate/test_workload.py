"""Which windows are sent, and which recordings are refused before the board hears of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.audio.frontend import SEA, log_mel
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.pipeline.prepared import PreparedBuild
from edgel3_deploy.progress import silent
from edgel3_deploy.validate.workload import BATCH, GENERATED, prepare
from tests.graph.l3 import sparse_l3


def test_windows_come_in_order_and_in_batches(build: PreparedBuild, tmp_path: Path) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 20_000).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", samples, 8_000, subtype="FLOAT")
    workload = prepare(build.network, [tmp_path / "long.wav"], 0.1, None, silent)
    batches = list(workload.batches())
    assert workload.windows == 21
    assert [len(batch.spectrograms) for batch in batches] == [BATCH, BATCH, 5]
    np.testing.assert_allclose(np.concatenate([batch.timestamps for batch in batches]), np.arange(21) * 0.1)
    padded = np.concatenate([np.zeros(4_000, np.float32), samples])
    np.testing.assert_array_equal(
        batches[2].spectrograms[0], log_mel(padded[16 * 800 : 16 * 800 + 8_000], SEA)
    )


def test_a_large_network_gets_its_windows_one_by_one() -> None:
    network = read_network(sparse_l3(), name="l3")
    batches = prepare(network, [], 1.0, 3, silent).batches()
    assert [len(batch.spectrograms) for batch in batches] == [1, 1, 1]


def test_a_limit_cuts_after_that_many_windows(build: PreparedBuild, recording: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "second.wav", np.ones(8_000) * 0.1, 8_000)
    soundfile.write(tmp_path / "third.wav", np.ones(8_000) * 0.1, 8_000)
    names = [recording, tmp_path / "second.wav", tmp_path / "third.wav"]
    workload = prepare(build.network, names, 0.1, 10, silent)
    assert [(source.name, source.first, source.windows) for source in workload.sources] == [
        ("noise.wav", 0, 8),
        ("second.wav", 8, 2),
    ]
    assert sum(len(batch.spectrograms) for batch in workload.batches()) == 10


def test_without_recordings_generated_sounds_are_used_and_said_so(build: PreparedBuild) -> None:
    workload = prepare(build.network, [], 0.1, None, silent)
    assert len(workload.sources) == GENERATED
    assert workload.sources[0].name == "generated sound 1"
    assert any("generated sounds" in warning for warning in workload.warnings)


def test_warnings_of_recordings_are_carried(build: PreparedBuild, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(8_000), 8_000)
    workload = prepare(build.network, [tmp_path / "silence.wav"], 0.1, None, silent)
    assert any("silence.wav" in warning and "zero" in warning for warning in workload.warnings)


def test_samples_that_int16_cannot_hold_are_said(build: PreparedBuild, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "loud.wav", np.full(8_000, 1.5), 8_000, subtype="FLOAT")
    warnings = prepare(build.network, [tmp_path / "loud.wav"], 0.1, None, silent, as_pcm=True).warnings
    assert any("8,000 samples are beyond full scale and were clipped" in warning for warning in warnings)
    assert prepare(build.network, [tmp_path / "loud.wav"], 0.1, None, silent).warnings == ()


def test_recordings_of_one_name_are_told_apart(build: PreparedBuild, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "same.wav", np.ones(800) * 0.1, 8_000)
    workload = prepare(build.network, [tmp_path / "a", tmp_path / "b"], 0.1, None, silent)
    assert [source.name for source in workload.sources] == [
        str(tmp_path / f / "same.wav") for f in ("a", "b")
    ]


def test_a_corrupt_recording_is_named(build: PreparedBuild, recording: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF and then nothing")
    with pytest.raises(BadInputError, match=r"broken\.wav"):
        prepare(build.network, [recording, tmp_path / "broken.wav"], 0.1, None, silent)


def test_a_model_without_front_end_gets_generated_inputs(build: PreparedBuild) -> None:
    workload = prepare(dataclasses.replace(build.network, front_end=""), [], 0.1, 5, silent)
    (batch,) = workload.batches()
    assert workload.front_end is None
    assert workload.fresh is None
    assert batch.inputs is not None
    assert batch.inputs.shape == (5, 64, 50, 1)
    assert "--inputs" in workload.warnings[0]


def test_its_inputs_come_in_batches(build: PreparedBuild, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(-128, 128, (19, 64, 50, 1), dtype=np.int8)
    np.save(tmp_path / "a.npy", values)
    workload = prepare(build.network, [], 0.1, None, silent, inputs=tmp_path / "a.npy")
    batches = [batch.inputs for batch in workload.batches() if batch.inputs is not None]
    assert [len(batch) for batch in batches] == [BATCH, BATCH, 19 - 2 * BATCH]
    np.testing.assert_array_equal(np.concatenate(batches), values)
    assert (workload.sources[0].name, workload.warnings) == ("a.npy", ())


def test_recordings_for_a_model_without_front_end_are_refused(
    build: PreparedBuild, recording: Path, tmp_path: Path
) -> None:
    network = dataclasses.replace(build.network, front_end="")
    with pytest.raises(BadInputError, match="no known front end") as caught:
        prepare(network, [recording], 0.1, None, silent)
    assert "--inputs" in caught.value.hint
    with pytest.raises(UsageError, match="both recordings and inputs"):
        prepare(build.network, [recording], 0.1, None, silent, inputs=tmp_path / "a.npy")
