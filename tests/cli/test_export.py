"""`export`: what it prints, its JSON, and the one line about what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from tests.graph.models import small_model


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """An export of a small model, but for the format."""
    model = tmp_path / "small.tflite"
    model.write_bytes(small_model())
    return ["export", "--model", str(model), "--output", str(tmp_path / "out")]


def test_what_it_takes_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments, "--format", "c"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "small: an int8 spectrogram to an embedding of" in shown
    assert "of RAM, aligned to 16" in shown
    assert "million instructions an inference (modelled)" in shown
    assert shown.splitlines()[-1].endswith("says how to add it, and how to check that it is exact there")


def test_json_is_the_note_with_the_folder(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = ["--format", "cmake", "--ram", "64K", "--optimize", "size", "--json"]
    assert run([*arguments, *options]) == ExitCode.OK
    content = json.loads(capsys.readouterr().out)
    assert content.pop("directory") == str(tmp_path / "out")
    assert content == json.loads((tmp_path / "out" / "export.json").read_text())
    assert content["arena"]["limit"] == 65_536
    assert (content["optimize"], content["front_end"], content["sample_rate_hz"]) == ("size", None, None)


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (["--format", "deb"], ExitCode.USAGE, "deb"),
        ([], ExitCode.USAGE, "--format"),
        (["--format", "c", "--prefix", "3d"], ExitCode.USAGE, "'3d' cannot begin the names"),
        (["--format", "c", "--ram", "lots"], ExitCode.USAGE, "lots"),
        (["--format", "c", "--ram", "16"], ExitCode.OVER_BUDGET, "does not fit an arena of 16 bytes"),
        (["--format", "c", "--head", "nowhere.npz"], ExitCode.BAD_INPUT, "nowhere.npz"),
        (["--format", "c", "--output", "."], ExitCode.USAGE, "the current folder"),
        (["--format", "c", "--calibration", "x"], ExitCode.USAGE, "is quantized already"),
    ],
)
def test_what_cannot_be_is_one_line(
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: ExitCode,
    problem: str,
) -> None:
    assert run([*arguments, *options]) == code
    shown = capsys.readouterr().err
    assert problem in shown
    assert "Traceback" not in shown
