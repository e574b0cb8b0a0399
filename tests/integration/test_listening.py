"""From labelled recordings to what a virtual board hears in clips that its head never heard."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.cli.main import run
from edgel3_deploy.embedding.files import read_embedding
from edgel3_deploy.emulate import start
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.flash.virtual import FLASH_FILE

pytestmark = pytest.mark.slow

LABELS = ("chainsaw", "crying_baby", "dog")
TRAINED, HELD_OUT = ("1", "2", "3"), "4"
CLIPS = 6
"""Of each label in each fold that trains."""


@pytest.fixture(scope="module")
def esc10(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three labels of ESC-10: some clips of folds 1 to 3, and one of each label of fold 4."""
    there = test_data / "audio" / "esc10"
    if not (there / "esc10.csv").is_file():
        pytest.skip("the test data have no audio/esc10")
    folder = tmp_path_factory.mktemp("esc10")
    (folder / "audio").mkdir()
    with (there / "esc10.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    kept = [
        row
        for label in LABELS
        for fold in (*TRAINED, HELD_OUT)
        for row in [row for row in rows if (row["category"], row["fold"]) == (label, fold)][
            : 1 if fold == HELD_OUT else CLIPS
        ]
    ]
    with (folder / "esc10.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(kept)
    for row in kept:
        shutil.copy(there / "audio" / row["filename"], folder / "audio")
    return folder


@pytest.fixture(scope="module")
def built(esc10: Path, arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model with a head that never heard fold 4, on a virtual stm32f7's flash."""
    folder = tmp_path_factory.mktemp("built")
    head, target = str(folder / "head.npz"), str(folder / "stm32f7")
    data = ["--data", str(esc10), "--format", "esc50", "--model", "bundled"]
    assert (
        run(["head", "train", *data, "--hold-out", HELD_OUT, "--hidden", "none", "-o", head]) == ExitCode.OK
    )
    place = ["--board", "stm32f7", "--model", "bundled", "--head", head]
    assert run(["build", *place, "--output", target]) == ExitCode.OK
    assert run(["flash", "--board", "stm32f7", "--build-dir", target, "--port", "virtual"]) == ExitCode.OK
    return Path(target)


def held_out(esc10: Path) -> dict[str, Path]:
    with (esc10 / "esc10.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["fold"] == HELD_OUT]
    return {row["category"]: esc10 / "audio" / row["filename"] for row in rows}


@pytest.mark.parametrize("label", LABELS)
def test_an_emulated_board_hears_what_a_clip_is(
    built: Path, esc10: Path, label: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`emulate --microphone CLIP`, then `listen` on its port."""
    output = tmp_path / "heard.npz"
    with start(
        load_board("stm32f7"), flash_file=built / FLASH_FILE, microphone=held_out(esc10)[label]
    ) as board:
        capsys.readouterr()
        arguments = ["listen", "--port", board.port, "--build-dir", str(built), "-o", str(output), "--json"]
        assert run(arguments) == ExitCode.OK
    result = json.loads(capsys.readouterr().out)
    assert result["answer"] == [label]
    assert (result["lost"], result["missed"]) == (0, 0)
    heard = read_embedding(output)
    assert heard.embedding.shape == (result["windows"], 64)
    assert heard.timestamps.tolist() == [0.5 + number for number in range(result["windows"])]
    assert result["windows"] == 5


def test_what_the_microphone_hears_is_the_twin_s_bit_by_bit(
    built: Path, esc10: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = str(held_out(esc10)["dog"])
    place = ["--board", "stm32f7", "--build-dir", str(built), "--port", "virtual"]
    assert run(["listen", *place, "--audio", clip, "--check", "--windows", "3"]) == ExitCode.OK
    assert "check    bit-exact: 3 records equal the twin's" in capsys.readouterr().out
