"""`specialize` from the command line: what it refuses at once, and that whatever stops it loses nothing."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from tests.models.synthetic_weights import random_weights

PROGRAM = (sys.executable, "-c", "from edgel3_deploy.cli.main import main; main()")


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    return random_weights(tmp_path / "teacher.h5", (2, 2, 2, 2))


def command(teacher: Path, output: Path, *options: str) -> list[str]:
    small = ["--student", "2,2,2,2", "--windows", "64", "--batch-size", "8"]
    return ["specialize", "--teacher", str(teacher), "-o", str(output), *small, *options]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--learning-rate", "nan"], "nan is not a finite number"),
        (["--map-weight", "inf"], "inf is not a finite number"),
        (["--held-out", "nan"], "nan is not a finite number"),
        (["--huber", "0"], "0.0 is not in the range x>0"),
        (["--student", "2,2"], "no student is called '2,2'"),
        (["--student", "\u0663,4,5,6"], "no student is called"),
        (["--student", f"{'9' * 5_000},4,5,6"], "no student is called '999"),
        (["-o", "student.tflite"], "does not end in .h5"),
        (["-o", ""], "does not end in .h5"),
        (["-o", "/proc/none/student.h5"], "cannot be written"),
        (["-o", f"{'x' * 230}.h5"], "File name too long"),
    ],
)
def test_what_cannot_work_is_refused_at_once(
    options: list[str],
    complaint: str,
    teacher: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(command(teacher, tmp_path / "student.h5", *options)) == ExitCode.USAGE
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [teacher]


def test_a_round_may_start_from_a_model_by_name(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bundled model is found, and is not of this student's widths."""
    assert run(command(teacher, tmp_path / "student.h5", "--start", "bundled")) == ExitCode.USAGE
    assert "bundled has filters (32, 32, 64, 64, 128, 128, 64, 64)" in capsys.readouterr().err


def test_the_teacher_is_not_overwritten(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = teacher.read_bytes()
    assert run(command(teacher, tmp_path / "." / "teacher.h5")) == ExitCode.USAGE
    assert "would overwrite" in capsys.readouterr().err
    assert teacher.read_bytes() == content


def test_recordings_that_are_none_are_bad_input(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "noise.wav").write_bytes(b"no audio")
    options = ("--audio", str(tmp_path / "noise.wav"))
    assert run(command(teacher, tmp_path / "student.h5", *options)) == ExitCode.BAD_INPUT
    assert "none of the recordings can be used" in capsys.readouterr().err


def test_recordings_that_all_judge_leave_none_to_train_on(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import soundfile

    recording = str(tmp_path / "hum.wav")
    soundfile.write(recording, [0.1, -0.1] * 8_000, 8_000)
    options = ("--audio", recording, "--judge", recording)
    assert run(command(teacher, tmp_path / "student.h5", *options)) == ExitCode.USAGE
    assert "none is left to train on" in capsys.readouterr().err


def test_two_runs_on_one_output_are_refused(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / ".student.checkpoint.npz.in-use.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run(command(teacher, tmp_path / "student.h5")) == ExitCode.USAGE
    assert "held by another process" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_is_finished_by_the_same_command(
    number: signal.Signals, teacher: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorflow")
    whole, stopped = tmp_path / "whole" / "student.h5", tmp_path / "stopped" / "student.h5"
    checkpoint = stopped.with_suffix(".checkpoint.npz")
    assert run(command(teacher, whole)) == ExitCode.OK
    with subprocess.Popen(
        [*PROGRAM, *command(teacher, stopped)], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.01)
        os.kill(process.pid, number)
        assert "Traceback" not in process.stderr.read()
    assert process.returncode in (-signal.SIGKILL, ExitCode.INTERRUPTED)
    assert checkpoint.exists()
    assert run(command(teacher, stopped)) == ExitCode.OK
    assert {path.name: path.read_bytes() for path in stopped.parent.glob("student*")} == {
        path.name: path.read_bytes() for path in whole.parent.glob("student*")
    }


@pytest.mark.slow
def test_an_output_that_cannot_be_written_leaves_a_checkpoint_to_go_on_from(
    teacher: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorflow")
    output = tmp_path / "student.h5"
    curves = output.with_suffix(".curves.png")
    curves.mkdir()
    output.with_suffix(".projection.npz").write_bytes(b"of an earlier, narrower student")
    assert run(command(teacher, output)) == ExitCode.USAGE
    assert output.with_suffix(".checkpoint.npz").exists()
    curves.rmdir()
    assert run(command(teacher, output)) == ExitCode.OK
    assert sorted(path.name for path in tmp_path.glob("student*")) == [
        "student.curves.png",
        "student.h5",
        "student.report.json",
    ]
