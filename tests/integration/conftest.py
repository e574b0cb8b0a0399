"""What bad-input tests share: a finished build, a recording, and how a command refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from tests.validate.prepared import small_model

Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command that must be refused with `code`, in a line with `words`; returns its hint."""

    def check(code: ExitCode, arguments: list[str | Path], *words: str) -> str:
        assert run([*map(str, arguments), "--json"]) == code
        said = capsys.readouterr()
        content = json.loads(said.out)
        assert content["exit_code"] == code
        assert f"Error: {content['error']}\n" in said.err
        assert len(content["error"].splitlines()) == 1
        for word in words:
            assert word in content["error"]
        assert "Traceback" not in said.err
        assert "internal error" not in said.err
        assert content["hint"]
        return str(content["hint"])

    return check


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, arm_gcc: Path) -> Path:
    """A finished build of a small network for stm32f7, its small.tflite beside it; not to be changed."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "small.tflite").write_bytes(small_model())
    target = folder / "stm32f7"
    arguments = ["build", "--board", "stm32f7", "--model", str(folder / "small.tflite")]
    assert run([*arguments, "--output", str(target)]) == ExitCode.OK
    return target


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A second of noise."""
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, 8_000), 8_000)
    return path
