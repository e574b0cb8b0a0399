"""What judges fidelity: the figures, which sounds judge, and the command on a small network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.fidelity import FLOOR, Figure, figure, main
from tests.models.synthetic_weights import random_weights


def test_figures_of_a_known_error() -> None:
    exact = np.tile(np.array([3, 4], np.float32), (4, 1))
    given = exact.copy()
    given[3] = [4, 3]
    found = figure("name", exact, given)
    assert found.sqnr_db == pytest.approx(10 * np.log10(100 / 2))
    assert found.cosine_min == pytest.approx(0.96)
    assert (found.windows, found.below_good, found.below_poor) == (4, 0.25, 0.25)
    assert found.median_db == pytest.approx(120)


def test_a_row_has_a_cell_for_each_heading() -> None:
    row = Figure("dog", 1200, 33.26, 35.0, 0.021, 0.0, 0.99712).row()
    assert row == ("dog", "1,200", "33.3", "35.0", "2.1%", "0.0%", "0.9971")


@pytest.fixture
def clips(tmp_path: Path) -> tuple[Path, Path]:
    """ESC-10's layout with four clips in two folds, and a folder of two recordings and an empty file."""
    rng = np.random.default_rng(0)
    labelled, others = tmp_path / "esc", tmp_path / "others"
    (labelled / "audio").mkdir(parents=True)
    others.mkdir()
    lines = ["filename,fold,target,category,esc10"]
    for index in range(4):
        samples = rng.normal(scale=0.1, size=12_000) * np.linspace(index, 1, 12_000)
        soundfile.write(labelled / "audio" / f"{index}.wav", samples, 8000)
        lines.append(f"{index}.wav,{index % 2 + 1},{index // 2},{'dog' if index < 2 else 'rain'},True")
    (labelled / "esc10.csv").write_text("\n".join(lines) + "\n")
    for index in range(2):
        soundfile.write(others / f"{index}.wav", rng.uniform(-0.1, 0.1, 9000), 8000)
    soundfile.write(others / "empty.wav", np.zeros(0), 8000)
    return labelled, others


def test_the_command_judges_a_fold_and_other_recordings(
    clips: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EDGEL3_DEPLOY_CACHE", str(tmp_path / "cache"))
    model = random_weights(tmp_path / "tiny.h5", (4, 4, 8, 8))
    labelled, others = clips
    arguments = ["--model", str(model), "--esc10", str(labelled), "--folds", "2", "--others", str(others)]
    arguments += ["--output", str(tmp_path / "bench"), "--json"]
    assert main(arguments) in (0, 1)
    first = json.loads(capsys.readouterr().out)
    by_class, whole = (result["figures"] for result in first["results"])
    assert [row["name"] for row in by_class] == ["ESC-10", FLOOR, "  dog", "  rain"]
    assert [row["windows"] for row in by_class] == [6, 6, 3, 3]
    assert [row["name"] for row in whole] == ["others", FLOOR]
    assert by_class[1]["sqnr_db"] > by_class[0]["sqnr_db"] > 10
    assert len(list((tmp_path / "bench" / "fidelity").glob("*.npy"))) == 4
    main(arguments)
    assert json.loads(capsys.readouterr().out) == first


def test_recordings_that_calibrate_do_not_judge(
    clips: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = random_weights(tmp_path / "tiny.h5", (4, 4, 8, 8))
    _, others = clips
    (others / "empty.wav").unlink()
    arguments = ["--model", str(model), "--calibration", str(others), "--others", str(others)]
    assert main([*arguments, "--output", str(tmp_path)]) != 0
    assert "no recordings judge" in capsys.readouterr().err
