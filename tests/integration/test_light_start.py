"""What works on a prepared build runs without TensorFlow, from the first import to the last result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.pipeline.prepared import load_build
from tests.link.fake_loader import FakeLoaderBoard
from tests.validate.prepared import board_for

PROGRAM = """
import sys
from edgel3_deploy.cli.main import run
code = run(sys.argv[1:])
assert "tensorflow" not in sys.modules, "TensorFlow was imported"
sys.exit(code)
"""


def run_without_tensorflow(*arguments: str) -> None:
    """Run a command in a fresh interpreter; it must succeed, and must not have imported TensorFlow."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_package_alone_imports_nothing_heavy() -> None:
    program = "import sys, edgel3_deploy; sys.exit(sum(n in sys.modules for n in ('numpy', 'click', 'h5py')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_embedding_in_python() -> None:
    program = """
import sys, numpy
from edgel3_deploy import get_embedding
get_embedding(numpy.random.default_rng(0).normal(0, 0.1, 8_000), 8_000, "bundled", center=False)
assert "tensorflow" not in sys.modules, "TensorFlow was imported"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_embedding_of_files(recording: Path, tmp_path: Path) -> None:
    run_without_tensorflow("embed", str(recording), "-o", str(tmp_path), "-m", "bundled", "-t", "1")


def test_check(built: Path) -> None:
    run_without_tensorflow("check", str(built / "model.tflite"), "--board", "stm32f7")


def test_build_of_a_quantized_model(built: Path) -> None:
    model = str(built.parent / "small.tflite")
    run_without_tensorflow("build", "--board", "stm32f7", "--model", model, "--output", str(built))


def test_flash(built: Path) -> None:
    with FakeLoaderBoard(load_board("stm32f7")) as board:
        place = ("--board", "stm32f7", "--build-dir", str(built))
        run_without_tensorflow("flash", *place, "--port", board.path)


def test_validate(built: Path, tmp_path: Path) -> None:
    with board_for(load_build(built)) as board:
        place = ("--board", "stm32f7", "--build-dir", str(built), "--port", board.path)
        run_without_tensorflow("validate", *place, "--limit", "1", "--report", str(tmp_path))
