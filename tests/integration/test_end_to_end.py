"""The main job on real weights and recordings: build, flash, validate bit by bit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from tests.models.synthetic_weights import random_weights

Build = Callable[..., Path]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """Finished builds of this module, by board and runtime."""
    return {}


@pytest.fixture
def build(
    builds: dict[tuple[str, str], Path],
    tmp_path_factory: pytest.TempPathFactory,
    sea_64_weights: Path,
    clips: Path,
    arm_gcc: Path,
) -> Build:
    """Build sea-64 for a board and runtime, once."""

    def make(board: str, runtime: str = "native") -> Path:
        key = (board, runtime)
        if key not in builds:
            target = tmp_path_factory.mktemp(f"{board}-{runtime}") / board
            arguments = ["build", "--board", board, "--runtime", runtime, "--model", str(sea_64_weights)]
            assert run([*arguments, "--calibration", str(clips), "--output", str(target)]) == ExitCode.OK
            builds[key] = target
        return builds[key]

    return make


def validate(target: Path, board: str, clip: Path, *options: str) -> dict[str, Any]:
    """Validate on the virtual board and return report.json."""
    place = ["--board", board, "--build-dir", str(target), "--port", "virtual"]
    assert run(["validate", *place, "--audio", str(clip), *options]) == ExitCode.OK
    report: dict[str, Any] = json.loads((target / "report" / "report.json").read_text())
    return report


@pytest.mark.parametrize("runtime", ["native", "cmsis-nn"])
@pytest.mark.parametrize("board", ["stm32f7", "stm32h7"])
def test_flashed_virtual_board_is_bit_exact(build: Build, clips: Path, board: str, runtime: str) -> None:
    target = build(board, runtime)
    assert run(["flash", "--board", board, "--build-dir", str(target), "--port", "virtual"]) == ExitCode.OK
    report = validate(target, board, clips / "helicopter.wav", "--limit", "3")
    assert report["verdict"] == "pass"
    assert report["bit_exact"] is True
    assert report["windows"] == 3
    assert report["metrics"]["cosine_min"] > 0.98
    assert report["device"]["board"] == board
    assert report["device"]["runtime"] == runtime
    outputs = np.load(target / "report" / "outputs.npz", allow_pickle=False)
    assert any(outputs[name].shape == (3, 64) and outputs[name].dtype == np.int8 for name in outputs.files)


@pytest.mark.parametrize("runtime", ["native", "cmsis-nn"])
def test_qemu_board_is_bit_exact_and_counts_instructions(
    build: Build, qemu: Path, clips: Path, runtime: str
) -> None:
    target = build("mps2-an500", runtime)
    report = validate(target, "mps2-an500", clips / "sheep.wav", "--limit", "2")
    assert report["bit_exact"] is True
    total = report["instructions_per_inference"]
    assert total == pytest.approx(sum(layer["instructions"] for layer in report["layers"]), rel=0.01)
    if runtime == "cmsis-nn":
        # CMSIS-NN v4.0.0 called directly takes 249.2 M instructions: the harness measures the same thing.
        assert total == pytest.approx(249_210_840, rel=0.02)


def test_a_board_that_runs_another_build_is_refused(
    build: Build, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    native, other = build("stm32f7", "native"), build("stm32f7", "cmsis-nn")
    for target in (native, other):
        assert (
            run(["flash", "--board", "stm32f7", "--build-dir", str(target), "--port", "virtual"])
            == ExitCode.OK
        )
    saved = (native / "virtual-flash.bin").read_bytes()
    (native / "virtual-flash.bin").write_bytes((other / "virtual-flash.bin").read_bytes())
    try:
        place = ["--board", "stm32f7", "--build-dir", str(native), "--port", "virtual"]
        code = run(["validate", *place, "--audio", str(clips / "sheep.wav"), "--limit", "1"])
    finally:
        (native / "virtual-flash.bin").write_bytes(saved)
    assert code == ExitCode.LINK
    assert "flash" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "filters", "fits"),
    [
        ("sea-128", (32, 64, 128, 128), True),
        ("sea-256", (32, 64, 128, 256), True),
        ("sea-512", (64, 128, 256, 512), False),
    ],
)
def test_the_budget_verdict_of_the_family(
    name: str,
    filters: tuple[int, int, int, int],
    fits: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arm_gcc: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    random_weights(
        tmp_path / f"edgel3_sea_ust_audio_emb_{name.removeprefix('sea-')}.h5", filters, "sea", seed=1
    )
    monkeypatch.setenv("EDGEL3_DEPLOY_MODELS", str(tmp_path))
    target = tmp_path / "build"
    code = run(["build", "--board", "stm32f7", "--model", name, "--output", str(target), "--json"])
    verdict = json.loads(capsys.readouterr().out)
    assert code == (ExitCode.OK if fits else ExitCode.OVER_BUDGET)
    if fits:
        assert json.loads((target / "budget.json").read_text())["verdict"] == "fits"
    else:
        assert verdict["verdict"] == "over"
        assert verdict["flash"]["used"] - verdict["flash"]["limit"] > 2 << 20
        assert "sea-256" in verdict["error"] + verdict["hint"]
        assert not target.exists()


def test_a_failed_build_leaves_the_good_one(build: Build, tmp_path: Path) -> None:
    target = build("stm32f7")
    before = (target / "firmware.bin").read_bytes()
    broken = tmp_path / "broken.h5"
    broken.write_bytes(b"\x89HDF\r\n\x1a\n" + os.urandom(64))
    code = run(["build", "--board", "stm32f7", "--model", str(broken), "--output", str(target)])
    assert code == ExitCode.BAD_INPUT
    assert (target / "firmware.bin").read_bytes() == before
