"""`prune` from the command line: what it writes can be read again, and what it cannot do it says at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.models.weights import read_weights
from tests.models.synthetic_weights import random_arrays, random_weights, write_weights

PRUNE = ("--sparsity", "95.45")


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    return random_weights(tmp_path / "dense.h5", (2, 2, 2, 3))


def refused(capsys: pytest.CaptureFixture[str], code: ExitCode, *arguments: str | Path) -> str:
    """The one line in which `prune` refuses, with `code`."""
    assert run(["prune", *map(str, arguments), "--json"]) == code
    said = capsys.readouterr()
    content = json.loads(said.out)
    assert content["hint"]
    assert len(content["error"].splitlines()) == 1
    assert "Traceback" not in said.err
    return str(content["error"])


@pytest.mark.parametrize(
    "options",
    [
        ["--sparsity", "95.45"],
        ["--sparsity", "0,10,20,30,40,50,60,70"],
        ["--sparsity", "half", "--structured"],
        ["--depth", "conv7"],
        ["--depth", "conv6"],
        ["--depth", "conv5"],
    ],
)
def test_pruned_weights_can_be_read_again(options: list[str], dense: Path, tmp_path: Path) -> None:
    output = tmp_path / "pruned.h5"
    assert run(["prune", "-m", str(dense), *options, "-o", str(output)]) == ExitCode.OK
    depth = int(options[1][-1]) if "--depth" in options else 8
    assert len(read_weights(output).convs) == depth


def test_sensitivity_is_plotted(dense: Path, tmp_path: Path) -> None:
    plot = tmp_path / "sensitivity.png"
    arguments = ["-m", str(dense), *PRUNE, "-o", str(tmp_path / "pruned.h5"), "--sensitivity", str(plot)]
    assert run(["prune", *arguments]) == ExitCode.OK
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_recovery_reports_figures_before_and_after(
    dense: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow")
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    rng = np.random.default_rng(0)
    for number, seconds in enumerate((0.4, 1.5)):
        soundfile.write(recordings / f"{number}.wav", rng.normal(0, 0.1, int(8_000 * seconds)), 8_000)
    (recordings / "broken.wav").write_bytes(b"RIFF")
    arguments = ["-m", str(dense), *PRUNE, "--finetune", str(recordings), "--windows", "16"]
    output = tmp_path / "pruned.h5"
    assert run(["prune", *arguments, "--batch-size", "8", "-o", str(output), "--json"]) == ExitCode.OK
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report["pruned"]["windows"] == report["recovered"]["windows"]
    assert "broken.wav: left out" in said.err
    assert sorted(path.name for path in tmp_path.glob("*pruned*")) == ["pruned.h5"]


class TestRefusals:
    @pytest.mark.parametrize(
        "plan",
        [
            "",
            "lots",
            "nan",
            "101",
            "95.45,,",
            "half",
            "1,2,3,4,5,6,7",
            "1,2,3,4,5,6,7,8,9",
            "0,0,0,nan,0,0,0,0",
        ],
    )
    def test_plans(self, plan: str, dense: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        said = refused(
            capsys, ExitCode.USAGE, "-m", dense, f"--sparsity={plan}", "-o", tmp_path / "pruned.h5"
        )
        assert "no pruning plan for 8 convolutions" in said

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ([], "--sparsity or --depth"),
            ([*PRUNE, "--depth", "conv6"], "--sparsity or --depth"),
            (["--depth", "conv6", "--finetune", "."], "--finetune"),
            (["--depth", "conv6", "--structured"], "--structured"),
            ([*PRUNE, "--sensitivity", "plot.txt"], ".png"),
        ],
    )
    def test_options_that_contradict_each_other(
        self,
        options: list[str],
        words: str,
        dense: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        said = refused(capsys, ExitCode.USAGE, "-m", dense, *options, "-o", tmp_path / "pruned.h5")
        assert words in said

    def test_places_that_cannot_be_written(
        self, dense: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = hashlib.sha256(dense.read_bytes()).hexdigest()
        for place in (dense, dense / "pruned.h5", tmp_path / "pruned.tflite"):
            refused(capsys, ExitCode.USAGE, "-m", dense, *PRUNE, "-o", place)
        assert hashlib.sha256(dense.read_bytes()).hexdigest() == before

    def test_weights(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        arrays = random_arrays((2, 2, 2, 3))
        arrays["conv2d_3/kernel"][0, 0, 0, 0] = np.nan
        bad = write_weights(tmp_path / "bad.h5", arrays)
        assert "conv2d_3/kernel holds NaN" in refused(capsys, ExitCode.BAD_INPUT, "-m", bad, *PRUNE)
        bad.write_bytes(bad.read_bytes()[:5000])
        assert "bad.h5: not a readable HDF5 file" in refused(capsys, ExitCode.BAD_INPUT, "-m", bad, *PRUNE)

    def test_recordings(self, dense: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder = tmp_path / "recordings"
        arguments = ("-m", dense, *PRUNE, "-o", tmp_path / "pruned.h5", "--finetune", folder)
        assert "no such file or folder" in refused(capsys, ExitCode.BAD_INPUT, *arguments)
        folder.mkdir()
        assert "no recording in this folder" in refused(capsys, ExitCode.BAD_INPUT, *arguments)
        (folder / "broken.wav").write_bytes(b"RIFF")
        assert "broken.wav" in refused(capsys, ExitCode.BAD_INPUT, *arguments)
