"""Pruned networks through the command line: built, flashed, validated by layers on virtual boards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edgel3_deploy.audio.frontend import L3
from edgel3_deploy.boards import load_board
from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.schedule import least_ram_limits, schedule
from edgel3_deploy.train.sounds import engine, siren
from tests.graph.l3 import sparse_l3, sparse_small

SEA_INPUT = (64, 50)
"""A shape that a front end gives."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A narrow network of L3's kind, 87.08 % pruned; its poolings drop columns."""
    path = tmp_path_factory.mktemp("model") / "small.tflite"
    path.write_bytes(sparse_small(SEA_INPUT))
    return path


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Two generated sounds of a second and a half at 48 kHz."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number, generator in enumerate((engine, siren)):
        sound = generator(np.random.default_rng(number), 3 * L3.sample_rate // 2, L3.sample_rate)
        soundfile.write(folder / f"{number}.wav", 0.9 * sound / np.abs(sound).max(), L3.sample_rate)
    return folder


def validated(
    model: Path,
    board: str,
    folder: Path,
    audio: Path | None,
    *options: str,
    validate: Sequence[str] = (),
    limit: int = 4,
) -> Any:
    """Build with `options`, flash, validate with the options `validate`, on generated inputs without `audio`;
    returns report.json.
    """
    place = ["--board", board, "--build-dir", str(folder), "--port", "virtual"]
    assert run(["build", "--board", board, "--model", str(model), "-o", str(folder), *options]) == ExitCode.OK
    if board != "mps2-an500":
        assert run(["flash", *place]) == ExitCode.OK
    given = ["--audio", str(audio)] if audio is not None else []
    given += ["--limit", str(limit), *validate]
    assert run(["validate", *place, *given]) == ExitCode.OK
    return json.loads((folder / "report" / "report.json").read_text())


def steps_in_lanes(folder: Path) -> list[str]:
    """The axes in which the steps of a build are shown, but for those that show pixels."""
    orders = json.loads((folder / "manifest.json").read_text())["orders"]
    return [order["axis"] for order in orders if order["axis"] != "pixels"]


@pytest.mark.parametrize("board", ["stm32f7", "stm32h7"])
def test_a_sparse_network_is_bit_exact(arm_gcc: Path, model: Path, tmp_path: Path, board: str) -> None:
    pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")
    report = validated(model, board, tmp_path / board, None)
    assert report["verdict"] == "pass"
    assert {layer["differing_windows"] for layer in report["layers"]} == {0}
    assert len(steps_in_lanes(tmp_path / board)) >= 5


@pytest.mark.parametrize("goal", ["speed", "balanced", "size"])
def test_every_goal_is_bit_exact_and_counts_each_layer(
    arm_gcc: Path, qemu: Path, model: Path, tmp_path: Path, goal: str
) -> None:
    """The smallest image of so small a network has none of the code that lists take."""
    folder = tmp_path / goal
    report = validated(model, "mps2-an500", folder, None, "--optimize", goal, limit=2)
    assert report["verdict"] == "pass"
    assert {layer["differing_windows"] for layer in report["layers"]} == {0}
    assert all(layer["instructions"] > 0 for layer in report["layers"])
    assert (len(steps_in_lanes(folder)) >= 5) == (goal != "size")


@pytest.mark.parametrize(
    ("board", "options"), [("stm32f7", ()), ("stm32f7", ("--ram", "240K")), ("mps2-an500", ("--ram", "240K"))]
)
def test_what_prune_made_at_48_kilohertz_is_bit_exact_from_pcm(
    arm_gcc: Path,
    qemu: Path,
    repository: Path,
    recordings: Path,
    tmp_path: Path,
    board: str,
    options: tuple[str, ...],
) -> None:
    """Trained, pruned, recovered and quantized by this project's commands; some channels lost all weights.

    With little RAM the front end shares the network's, and each window is a stream of its own.
    """
    if board == "stm32f7":
        pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")
    report = validated(
        repository / "tests" / "data" / "thin-l3.tflite",
        board, tmp_path / board, recordings, *options, validate=("--every-layer",), limit=3,
    )  # fmt: skip
    manifest = json.loads((tmp_path / board / "manifest.json").read_text())
    assert manifest["front_end_memory"]["streams"] == (not options)
    assert report["input"]["differences"]["count"] == 0
    assert report["verdict"] == "pass"
    assert (report["windows"], report["layer_windows"]) == (3, 3)
    assert [layer["differing_windows"] for layer in report["layers"]] == [0] * 8
    assert len(steps_in_lanes(tmp_path / board)) == 7


def test_lists_beyond_the_bound_of_a_lane_are_split_and_exact(
    arm_gcc: Path, qemu: Path, tmp_path: Path
) -> None:
    """38 % of 2,304 weights are too many for one list; such channels are counted as they are packed."""
    model = tmp_path / "heavy.tflite"
    model.write_bytes(sparse_small(SEA_INPUT, (4, 256, 64, 16), (0.0, 95.0, 62.0, 60.0)))
    network = read_network(model.read_bytes())
    plan = schedule(network, load_board("mps2-an500"), "size")
    split = [step.lists.general[-1] for step in plan.steps if step.lists is not None]
    assert max(split) > 64
    report = validated(
        model, "mps2-an500", tmp_path / "out", None, "--optimize", "size",
        validate=("--every-layer",), limit=2,
    )  # fmt: skip
    assert report["verdict"] == "pass"
    assert {layer["differing_windows"] for layer in report["layers"]} == {0}
    assert plan.instructions == pytest.approx(report["instructions_per_inference"], rel=0.05)


def test_a_limit_of_ram_is_kept(arm_gcc: Path, qemu: Path, model: Path, tmp_path: Path) -> None:
    arguments = ["build", "--board", "mps2-an500", "--model", str(model), "-o", str(tmp_path / "out")]
    assert run([*arguments, "--ram", "30K"]) == ExitCode.OK
    budget = json.loads((tmp_path / "out" / "budget.json").read_text())
    assert budget["ram"]["used"] <= budget["ram"]["limit"] == 30 << 10
    assert run([*arguments, "--ram", "12K"]) == ExitCode.OVER_BUDGET


@pytest.mark.parametrize("board", ["stm32f7", "mps2-an500"])
def test_in_the_least_ram_it_is_bit_exact(
    arm_gcc: Path, qemu: Path, model: Path, tmp_path: Path, board: str
) -> None:
    """Rings of two rows: the newest lies in the workspace while it is made and read."""
    if board == "stm32f7":
        pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")
    network = read_network(model.read_bytes())
    limit, _ = least_ram_limits(network, load_board(board))
    assert limit is not None
    report = validated(model, board, tmp_path / board, None, "--ram", str(limit), limit=2)
    assert "edgel3_lanes_keep(" in (tmp_path / board / "network/src/edgel3_network.c").read_text()
    assert report["verdict"] == "pass"
    assert {layer["differing_windows"] for layer in report["layers"]} == {0}


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--optimize", "speed"), ("--ram", "256K")], ids=["speed", "256K"])
def test_the_whole_of_sparse_edgel3_is_bit_exact(
    arm_gcc: Path, qemu: Path, recordings: Path, tmp_path: Path, options: tuple[str, str]
) -> None:
    """256 x 199 inputs, 95.45 % of the weights zero, on a Cortex-M7 that counts instructions."""
    (tmp_path / "l3.tflite").write_bytes(sparse_l3())
    report = validated(tmp_path / "l3.tflite", "mps2-an500", tmp_path / "out", recordings, *options, limit=2)
    assert report["verdict"] == "pass"
    assert {layer["differing_windows"] for layer in report["layers"]} == {0}
    assert report["input"]["differences"]["count"] == 0
    assert report["layers"][-1]["output_shape"] == [512]
    assert report["instructions_per_inference"] < 1_500_000_000
