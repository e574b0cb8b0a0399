"""`build`: the options of loader, slots and version, and what is told of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from tests.graph.models import small_model


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """A build of a small model for the default board."""
    model = tmp_path / "small.tflite"
    model.write_bytes(small_model())
    return ["build", "--board", "stm32f7", "--model", str(model), "--output", str(tmp_path / "out")]


@pytest.mark.usefixtures("arm_gcc")
def test_loader_slots_and_header_are_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments, "--slots", "two", "--image-version", "9"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "of the application, 32,768 of the loader, 1,024 of the image header, 2 slots" in shown
    assert "image version 9; loader " in shown
    assert "slot 0 at 0x08018000: " in shown
    assert "slot 1 at 0x08100000: " in shown
    assert run([*arguments, "--slots", "two", "--image-version", "9", "--json"]) == ExitCode.OK
    content = json.loads(capsys.readouterr().out)
    assert content["reused"]
    assert content["image_version"] == 9
    assert [slot["origin"] for slot in content["layout"]["slots"]] == [0x0801_8000, 0x0810_0000]
    assert content["layout"]["loader"]["size"] == content["flash"]["loader"] == 32_768
    assert content["flash"]["header"] == 1_024
    assert content["sizes"]["application.bin"] == content["flash"]["application"] + 1_024


@pytest.mark.usefixtures("arm_gcc")
def test_a_bare_image_is_told_without_them(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments, "--no-loader"]) == ExitCode.OK
    assert "loader" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--no-loader", "--slots", "two"], "--no-loader and --slots exclude each other"),
        (["--slots", "three"], "three"),
        (["--image-version", "4294967296"], "4294967296"),
        (["--board", "mps2-an500", "--slots", "one"], "mps2-an500 has no loader"),
    ],
)
def test_contradicting_options_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str], options: list[str], problem: str
) -> None:
    assert run([*arguments, *options]) == ExitCode.USAGE
    assert problem in capsys.readouterr().err
