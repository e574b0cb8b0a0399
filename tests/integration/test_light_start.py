"""What the base install is for runs without any extra, from the first import to the last result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.extras import EXTRAS
from edgel3_deploy.pipeline.prepared import load_build
from tests.link.fake_loader import FakeLoaderBoard
from tests.validate.prepared import board_for

PROGRAM = """
import sys
for absent in {absent!r}:
    sys.modules[absent] = None
from edgel3_deploy.cli.main import run
sys.exit(run(sys.argv[1:]))
"""
ABSENT = ("librosa", *sorted({module for parts in EXTRAS.values() for module in parts.values()}))


def run_without_extras(*arguments: str) -> None:
    """Run a command in a fresh interpreter in which no extra can be imported; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(absent=ABSENT), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_package_alone_imports_nothing_heavy() -> None:
    program = "import sys, edgel3_deploy; sys.exit(sum(n in sys.modules for n in ('numpy', 'click', 'h5py')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_embedding_in_python() -> None:
    program = """
import sys, numpy
for absent in {absent!r}:
    sys.modules[absent] = None
from edgel3_deploy import get_embedding
get_embedding(numpy.random.default_rng(0).normal(0, 0.1, 8_000), 8_000, "bundled", center=False)
"""
    subprocess.run([sys.executable, "-c", program.format(absent=ABSENT)], check=True)


def test_embedding_of_files(recording: Path, tmp_path: Path) -> None:
    run_without_extras("embed", str(recording), "-o", str(tmp_path), "-m", "bundled", "-t", "1")


def test_check(built: Path) -> None:
    run_without_extras("check", str(built / "model.tflite"), "--board", "stm32f7")


def test_boards_and_models() -> None:
    run_without_extras("boards")
    run_without_extras("models")


def test_explore_draws_no_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_without_extras("explore", "--board", "stm32f7", "--model", "bundled")
    assert not list(tmp_path.iterdir())


def test_build_of_a_quantized_model(built: Path) -> None:
    model = str(built.parent / "small.tflite")
    run_without_extras("build", "--board", "stm32f7", "--model", model, "--output", str(built))


def test_build_from_weights(recording: Path, tmp_path: Path) -> None:
    place = ("--output", str(tmp_path / "build"), "--calibration", str(recording))
    run_without_extras("build", "--board", "stm32f7", "--model", "bundled", *place)


def test_flash(built: Path) -> None:
    with FakeLoaderBoard(load_board("stm32f7")) as board:
        place = ("--board", "stm32f7", "--build-dir", str(built))
        run_without_extras("flash", *place, "--port", board.path)


def test_validate(built: Path, tmp_path: Path) -> None:
    with board_for(load_build(built)) as board:
        place = ("--board", "stm32f7", "--build-dir", str(built), "--port", board.path)
        run_without_extras("validate", *place, "--limit", "1", "--report", str(tmp_path))


@pytest.mark.parametrize(
    ("extra", "arguments"),
    [
        ("train", ("specialize", "--teacher", "bundled", "--audio", "none", "--output", "x.h5")),
        ("train", ("prune", "--model", "bundled", "--sparsity", "0.5", "--finetune", "none", "-o", "x.h5")),
        (
            "plot",
            ("prune", "--model", "bundled", "--sparsity", "0.5", "--sensitivity", "x.png", "-o", "x.h5"),
        ),
        ("train", ("quantize", "--model", "bundled", "--method", "converter", "-o", "x.tflite")),
        ("plot", ("explore", "--board", "stm32f7", "--plot", "x.png")),
        ("head", ("head", "train", "--data", "none", "--format", "folder", "-o", "x.npz")),
        ("emulator", ("emulate", "--board", "stm32f7")),
        ("dask", ("embed", "none", "-o", "x", "--parquet")),
    ],
)
def test_a_missing_extra_is_named(extra: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(absent=ABSENT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == ExitCode.MISSING_DEPENDENCY, done.stderr
    assert f"edgel3-deploy[{extra}]" in done.stderr
    assert not list(tmp_path.iterdir())
