"""MLPerf Tiny's console on virtual boards: built in, validated through, absent without the option."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from tests.validate.prepared import small_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, arm_gcc: Path) -> Path:
    """A flashed build with the console."""
    folder = tmp_path_factory.mktemp("console")
    (folder / "small.tflite").write_bytes(small_model())
    target = folder / "stm32f7"
    command = ["build", "-b", "stm32f7", "--model", str(folder / "small.tflite"), "-o", str(target)]
    assert run([*command, "--console", "mlperf"]) == ExitCode.OK
    assert run(["flash", "-b", "stm32f7", "--build-dir", str(target), "--port", "virtual"]) == ExitCode.OK
    return target


def test_validation_through_the_console_is_bit_exact(build: Path, recording: Path) -> None:
    place = ["-b", "stm32f7", "--build-dir", str(build), "--port", "virtual", "--limit", "2"]
    assert run(["validate", *place, "--audio", str(recording), "--protocol", "mlperf"]) == ExitCode.OK
    report = json.loads((build / "report" / "report.json").read_text())
    assert report["verdict"] == "pass"
    assert report["windows"] == 2
    assert report["layer_note"] == "the console of MLPerf Tiny computes no checksums"
    assert all(layer["differing_windows"] is None for layer in report["layers"])


def test_the_same_image_still_speaks_in_frames(build: Path, recording: Path) -> None:
    place = ["-b", "stm32f7", "--build-dir", str(build), "--port", "virtual", "--limit", "1"]
    assert run(["validate", *place, "--audio", str(recording)]) == ExitCode.OK
    report = json.loads((build / "report" / "report.json").read_text())
    assert all(layer["differing_windows"] == 0 for layer in report["layers"])


def test_an_image_without_it_is_told(
    built: Path, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["flash", "-b", "stm32f7", "--build-dir", str(built), "--port", "virtual"]) == ExitCode.OK
    place = ["-b", "stm32f7", "--build-dir", str(built), "--port", "virtual", "--limit", "1"]
    code = run(["validate", *place, "--audio", str(recording), "--protocol", "mlperf"])
    assert code == ExitCode.LINK
    said = capsys.readouterr().err
    assert "no console of MLPerf Tiny answers" in said
    assert "--console mlperf" in said


def test_layers_cannot_be_asked_for(build: Path) -> None:
    place = ["-b", "stm32f7", "--build-dir", str(build), "--port", "virtual"]
    assert run(["validate", *place, "--protocol", "mlperf", "--every-layer"]) == ExitCode.USAGE
