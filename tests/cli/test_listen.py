"""`edgel3-deploy listen` against a sensor on a pseudo-terminal."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edgel3_deploy.cli.main import run
from edgel3_deploy.embedding.files import read_embedding
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.link.protocol import ErrorCode, SensorSource
from edgel3_deploy.listen import api, session
from edgel3_deploy.pipeline.prepared import PreparedBuild
from tests.listen.sensor import SensorBoard, a_build, a_record
from tests.listen.test_calibrate import bands_of


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PreparedBuild:
    """What the command takes for the build of the board, whatever its options are."""
    build = a_build(tmp_path)
    monkeypatch.setattr(api, "find_build", lambda board, folder: build)
    return build


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(7).normal(0, 0.1, 28_000), 8_000)
    return path


def test_a_line_a_window_where_there_is_no_terminal(
    build: PreparedBuild, capsys: pytest.CaptureFixture[str]
) -> None:
    with SensorBoard(build, windows=7) as board:
        assert run(["listen", "--port", board.path, "--windows", "3"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith(f"stm32f7 on {board.path}: small, build 1c7797c956a5, 3 labels")
    assert len(lines) == 8
    assert all("dog* 89%" in line and "LAeq  -30.0" in line for line in lines[:3])
    assert lines[3] == "heard    3 windows, 3.0 s of sound; no sample lost"
    assert lines[6:] == ["labels   dog in 3 of 3 windows", "answer   dog 89%, all windows taken as one clip"]
    assert "\x1b" not in "".join(lines)


def test_json_is_the_result_and_nothing_else(
    build: PreparedBuild, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = [tmp_path / f"a.{suffix}" for suffix in ("jsonl", "csv", "npz")]
    options = [option for path in outputs for option in ("-o", str(path))]
    with SensorBoard(build) as board:
        arguments = ["listen", "--port", board.path, "--audio", str(recording), *options, "--json"]
        assert run(arguments) == 0
        assert board.sources == [SensorSource.LINK, SensorSource.LINK, SensorSource.MICROPHONE]
    result = json.loads(capsys.readouterr().out)
    assert (result["windows"], result["missed"], result["answer"]) == (3, 0, ["dog"])
    assert result["outputs"] == [str(path) for path in outputs]
    assert len(outputs[0].read_text().splitlines()) == 4
    assert len(outputs[1].read_text().splitlines()) == 4
    assert read_embedding(outputs[2]).timestamps.tolist() == [0.5, 1.5, 2.5]


def test_a_sensor_that_sleeps_cannot_be_checked(
    build: PreparedBuild, recording: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with SensorBoard(build) as board:
        monkeypatch.setattr(session, "port_path", lambda *_, **__: nullcontext(board.path))
        arguments = ["listen", "--port", "virtual", "--audio", str(recording), "--check", "--every", "10s"]
        assert run(arguments) == ExitCode.USAGE
    assert "cannot follow a sensor that sleeps" in capsys.readouterr().err


def test_settings_are_changed_only_when_asked_for(
    build: PreparedBuild, capsys: pytest.CaptureFixture[str]
) -> None:
    with SensorBoard(build) as board:
        assert run(["listen", "--port", board.path, "--windows", "1"]) == 0
        assert "write_setting" not in board.requests
        assert (
            run(["listen", "--port", board.path, "--windows", "1", "--hop", "0.5s", "--every", "2min"]) == 0
        )
        assert (board.values[1], board.values[5]) == (500, 120)
    assert "hop: 1000 -> 500\nduty_cycle: 0 -> 120\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--hop", "500"], "'500' is no time: give a number with a unit"),
        (["--hop", "0.3ms"], "no whole number of milliseconds"),
        (["--hop", "50ms"], "hop is 100 to 60000 ms, not 50"),
        (["--every", "1.5s"], "no whole number of seconds"),
        (["--check"], "--check needs to know the sound"),
        (["--calibrate", "94", "-o", "a.csv"], "--calibrate records nothing"),
        (["--calibrate", "9"], "9"),
        (["-o", "a.wav"], "what kind of recording is that?"),
        (["--web", "70000"], "70000"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    build: PreparedBuild, options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with SensorBoard(build) as board:
        assert run(["listen", "--port", board.path, *options]) == ExitCode.USAGE
        assert board.requests == []
    assert problem in capsys.readouterr().err


def test_a_port_is_needed(build: PreparedBuild, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["listen"]) == ExitCode.USAGE
    assert "listening needs a port" in capsys.readouterr().err


def test_the_only_build_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["listen", "--port", "/dev/null"]) == ExitCode.USAGE
    assert "which build does the board run? There are: none" in capsys.readouterr().err
    for name in ("a", "b"):
        (tmp_path / "build" / name).mkdir(parents=True)
        (tmp_path / "build" / name / "manifest.json").write_text("{}")
    assert run(["listen", "--port", "/dev/null"]) == ExitCode.USAGE
    assert "build/a, build/b" in capsys.readouterr().err
    (tmp_path / "build" / "b" / "manifest.json").unlink()
    assert run(["listen", "--port", "/dev/null"]) == ExitCode.BAD_INPUT
    assert "build/a" in capsys.readouterr().err


def test_a_pulled_cable_leaves_whole_recordings(
    build: PreparedBuild, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = [tmp_path / "a.npz", tmp_path / "a.jsonl"]
    with SensorBoard(build, unplug_at=90) as board:
        code = run(["listen", "--port", board.path, "-o", str(outputs[0]), "-o", str(outputs[1])])
    assert code == ExitCode.LINK
    said = capsys.readouterr()
    assert "was unplugged" in said.err and "Traceback" not in said.err
    windows = len(read_embedding(outputs[0]).timestamps)
    assert f"heard    {windows} windows" in said.out and windows > 2
    assert len(outputs[1].read_text().splitlines()) == windows + 1


BANDS = bands_of(1_000.0)


def calibrator(sequence: int, **changes: Any) -> Any:
    facts = {"laeq": -2600, "lafmax": -2595, "l90": -2605, "bands": BANDS}
    return a_record(sequence, **{**facts, **changes})


def test_calibration_sets_the_offset(build: PreparedBuild, capsys: pytest.CaptureFixture[str]) -> None:
    with SensorBoard(build, records=calibrator) as board:
        assert run(["listen", "--port", board.path, "--calibrate", "94"]) == 0
        assert board.values[4] == 12_000
    said = capsys.readouterr().out
    assert "heard    -26.00 dB before, steady within 0.10 dB" in said
    assert "calibration: 0 -> 12000 1/100 dB: the calibrator is 94 dB now" in said


def test_calibration_as_json(build: PreparedBuild, capsys: pytest.CaptureFixture[str]) -> None:
    with SensorBoard(build, records=calibrator, is_kept=0) as board:
        assert run(["listen", "--port", board.path, "--calibrate", "114", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["before"], content["after"], content["is_kept"]) == (0, 14_000, 0)


def test_what_is_no_calibrator_changes_nothing(
    build: PreparedBuild, capsys: pytest.CaptureFixture[str]
) -> None:
    with SensorBoard(build, records=lambda number: calibrator(number, l90=-2800)) as board:
        assert run(["listen", "--port", board.path, "--calibrate", "94"]) == ExitCode.BAD_INPUT
        assert "write_setting" not in board.requests
    assert "not calibrated, nothing was changed: the level is not steady" in capsys.readouterr().err


def test_a_board_that_refuses_says_why(build: PreparedBuild, capsys: pytest.CaptureFixture[str]) -> None:
    with SensorBoard(build, refuse={"read_sensor": ErrorCode.NOT_SUPPORTED}) as board:
        assert run(["listen", "--port", board.path]) == ExitCode.LINK
    assert "its image has no front end" in capsys.readouterr().err


def test_the_page_is_told(build: PreparedBuild, capsys: pytest.CaptureFixture[str]) -> None:
    with SensorBoard(build) as board:
        assert run(["listen", "--port", board.path, "--windows", "1", "--web", "0"]) == 0
    assert "page: http://127.0.0.1:" in capsys.readouterr().err


def test_a_journal_is_recovered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from edgel3_deploy.listen.journal import NpzRecording
    from tests.listen.sensor import a_sensor, a_window

    killed = NpzRecording(tmp_path / "a.npz", a_sensor())
    killed.add(a_window(0))
    assert run(["listen", "--recover", str(tmp_path / "a.npz")]) == 0
    assert "1 window recovered" in capsys.readouterr().out
    assert run(["listen", "--recover", str(tmp_path / "a.npz")]) == ExitCode.BAD_INPUT


PROGRAM = """
import sys
from pathlib import Path
from edgel3_deploy.cli import main
from edgel3_deploy.listen import api
from tests.listen.sensor import a_build
build = a_build(Path(sys.argv.pop(1)))
api.find_build = lambda board, folder: build
main.main()
"""


def start(build: PreparedBuild, arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM, str(build.directory), "listen", *arguments]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], **options)


def interrupt_after(windows: int, recording: Path, process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal once so many windows are recorded."""
    while not recording.exists() or recording.read_bytes().count(b"\n") <= windows:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interruption_loses_nothing(build: PreparedBuild, tmp_path: Path, number: int) -> None:
    lines, arrays = tmp_path / "a.jsonl", tmp_path / "a.npz"
    with SensorBoard(build) as board:
        arguments = ["--port", board.path, "-o", str(lines), "-o", str(arrays)]
        process = start(build, arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        interrupt_after(5, lines, process, number)
        out, err = process.communicate(timeout=300)
    heard = [json.loads(line) for line in lines.read_text().splitlines()][1:]
    if number == signal.SIGKILL:
        assert run(["listen", "--recover", str(arrays)]) == 0
    else:
        assert process.returncode == ExitCode.INTERRUPTED
        assert f"heard    {len(heard)} windows".encode() in out and b"Interrupted." in err
    assert abs(len(read_embedding(arrays).timestamps) - len(heard)) <= (number == signal.SIGKILL)
    numbers = [window["sequence"] for window in heard]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def on_a_terminal(build: PreparedBuild, **environment: str) -> bytes:
    """What the command sends to a terminal of 100 columns."""
    master, slave = pty.openpty()
    shown = bytearray()

    def read() -> None:
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:
                return
            if not data:
                return
            shown.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    known = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", "PYTHONUTF8": "1"}
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with SensorBoard(build) as board:
        process = start(
            build,
            ["--port", board.path, "--windows", "4"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**inherited, **known, **environment},
        )
        os.close(slave)
        assert process.wait(300) == 0
    reader.join()
    os.close(master)
    return bytes(shown)


def test_on_a_terminal_the_picture_is_redrawn(build: PreparedBuild) -> None:
    shown = on_a_terminal(build)
    assert b"\x1b[" in shown and "█".encode() in shown
    assert b"dog" in shown and b"LAFmax -29.0" in shown and b"windows/s" in shown
    assert b"32m" in shown, "what is on is green"


def test_no_color_and_dumb_terminals_are_obeyed(build: PreparedBuild) -> None:
    assert b"32m" not in on_a_terminal(build, NO_COLOR="1")
    dumb = on_a_terminal(build, TERM="dumb")
    assert b"\x1b" not in dumb and dumb.count(b"dog* 89%") == 4


def test_ascii_where_the_terminal_knows_no_more(build: PreparedBuild) -> None:
    shown = on_a_terminal(build, PYTHONUTF8="0", PYTHONIOENCODING="ascii", TERM="dumb")
    assert shown.decode("ascii").count("dog* 89%") == 4


def test_escape_sequences_of_a_board_never_reach_the_terminal(
    build: PreparedBuild, capsys: pytest.CaptureFixture[str]
) -> None:
    with SensorBoard(build) as board:
        board.identity["model"] = "small\x1b[2J"
        assert run(["listen", "--port", board.path, "--windows", "1"]) == 0
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err and r"small\x1b[2J" in shown.out
