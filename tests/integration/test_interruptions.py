"""Commands that are stopped, and outputs that cannot be written: nothing is harmed, no traceback is shown."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgel3_deploy.errors import ExitCode
from tests.graph.models import ModelBuilder
from tests.integration.conftest import Refused
from tests.link.fake_board import FakeBoard

PROGRAM = (sys.executable, "-c", "from edgel3_deploy.cli.main import main; main()")


def contents(folder: Path) -> dict[str, str]:
    """Every file below `folder`, by its hash."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class TestInterrupted:
    @pytest.mark.parametrize(
        ("number", "code"),
        [
            (signal.SIGINT, ExitCode.INTERRUPTED),
            (signal.SIGTERM, ExitCode.INTERRUPTED),
            (signal.SIGKILL, -signal.SIGKILL),
        ],
    )
    def test_a_stopped_build_leaves_the_earlier_one(
        self, number: signal.Signals, code: int, built: Path
    ) -> None:
        before = contents(built)
        model = built.parent / "other.tflite"
        model.write_bytes(ModelBuilder((64, 50, 1)).conv2d(2).reshape((64 * 50 * 2,)).build())
        arguments = ["build", "--board", "stm32f7", "--model", str(model), "--output", str(built)]
        with subprocess.Popen([*PROGRAM, *arguments], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert any(line.startswith("compiling") for line in process.stderr)
            process.send_signal(number)
            assert "Traceback" not in process.stderr.read()
        assert process.returncode == code
        assert contents(built) == before

    def test_a_stopped_flash_and_validation_say_so(self, built: Path, recording: Path) -> None:
        before = contents(built)
        place = ["--board", "stm32f7", "--build-dir", str(built)]

        class Mute(FakeBoard):
            told = False

            def received(self, data: bytes) -> None:
                if not self.told:
                    self.told = True
                    stopped.send_signal(signal.SIGINT)

        for command in (["flash", *place], ["validate", *place, "--audio", str(recording)]):
            with Mute() as board:
                stopped = subprocess.Popen(
                    [*PROGRAM, *command, "--port", board.path], stderr=subprocess.PIPE, text=True
                )
                _, said = stopped.communicate(timeout=600)
            assert stopped.returncode == ExitCode.INTERRUPTED
            assert "Interrupted." in said
            assert "Traceback" not in said
        assert contents(built) == before


class TestStandardOutput:
    def test_a_reader_that_leaves_is_no_error(self) -> None:
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [*PROGRAM, "boards"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
        os.close(write)
        assert done.returncode == ExitCode.OK
        assert done.stderr == ""

    def test_a_full_disk_is_told(self) -> None:
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [*PROGRAM, "boards", "--json"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == ExitCode.USAGE
        assert "No space left" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_closed_stderr_is_no_error(self, recording: Path, tmp_path: Path) -> None:
        options = ["embed", str(recording), "-o", str(tmp_path / "out"), "-m", "bundled", "-t", "1"]
        done = subprocess.run(
            ["sh", "-c", '"$@" 2>&-', "sh", *PROGRAM, *options],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == ExitCode.OK
        assert "1 embedded" in done.stdout

    def test_without_a_home(self, tmp_path: Path) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "HOME"}
        environment["EDGEL3_DEPLOY_CACHE"] = "/proc/nowhere"
        done = subprocess.run(
            [*PROGRAM, "models"], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == ExitCode.OK
        assert "sea-64" in done.stdout

    def test_a_usage_error_is_json_too(self, refused: Refused) -> None:
        assert "--help" in refused(ExitCode.USAGE, ["validate"], "--board")
