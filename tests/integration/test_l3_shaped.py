"""A thin network of L3's shape in OpenL3's file layout: pruned at 95.45 %, recovered and quantized."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.audio.frontend import L3
from edgel3_deploy.cli.main import run
from edgel3_deploy.compress.pruning import PLANS
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.reference.accept import read_network_file
from edgel3_deploy.train.sounds import engine, siren, speech
from tests.models.synthetic_weights import random_arrays

THIN = (4, 8, 16, 32)


@pytest.fixture
def openl3(tmp_path: Path) -> Path:
    """As OpenL3 stores weights: layers in the root, no architecture, no BatchNorm behind the embedding."""
    import h5py

    path = tmp_path / "openl3_audio_mel256_music.h5"
    arrays = random_arrays(THIN, "l3")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array(sorted({name.split("/")[0].encode() for name in arrays}))
        for name, values in arrays.items():
            layer, array = name.split("/")
            file.create_dataset(f"{layer}/{layer}/{array}:0", data=values)
    return path


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three sounds of a second at 48 kHz."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number, generator in enumerate((engine, siren, speech)):
        sound = generator(np.random.default_rng(number), L3.sample_rate, L3.sample_rate)
        soundfile.write(folder / f"{number}.wav", 0.9 * sound / np.abs(sound).max(), L3.sample_rate)
    return folder


@pytest.mark.slow
def test_pruned_recovered_and_quantized(
    openl3: Path, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow")
    pruned, quantized = tmp_path / "sparse.h5", tmp_path / "sparse.tflite"
    arguments = ["-m", str(openl3), "--sparsity", "95.45", "--finetune", str(recordings), "--json"]
    assert (
        run(["prune", *arguments, "--windows", "96", "--batch-size", "8", "-o", str(pruned)]) == ExitCode.OK
    )
    report = json.loads(capsys.readouterr().out)
    assert report["recovered"]["relative_mse"] < report["pruned"]["relative_mse"]

    arguments = ["-m", str(pruned), "--calibration", str(recordings), "-o", str(quantized), "--json"]
    assert run(["quantize", *arguments]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["fidelity"]["sqnr_db"] > 20
    layers = read_network_file(quantized)[0].layers
    kernels = [layer.weights for layer in layers if isinstance(layer, Conv2D)]
    for kernel, share in zip(kernels, PLANS["95.45"], strict=True):
        assert np.count_nonzero(kernel == 0) >= round(kernel.size * share / 100)
