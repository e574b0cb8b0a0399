"""Progress in a pipe: lines at intervals; on a terminal: one that is drawn again and gone at the end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

import pytest

from edgel3_deploy.cli import progress as module
from edgel3_deploy.cli.progress import ConsoleProgress


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test moves on."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("first", "seconds", "shown"),
    [
        (0, 10, "training: 50 of 1,000 (5%), about 190 s left"),
        (500, 10, "training: 550 of 1,000 (55%), about 90 s left"),
        (0, 60, "training: 50 of 1,000 (5%), about 19 min left"),
        (0, 1, "training: 50 of 1,000 (5%)"),
    ],
)
def test_what_remains_is_judged_by_the_pace_since_the_stage_began(
    first: int, seconds: float, shown: str, now: list[float]
) -> None:
    with ConsoleProgress() as console:
        console("training", first, 1_000)
        now[0] += seconds
        console("training", first + 50, 1_000)
        assert console._text() == shown


def test_what_cannot_be_counted_says_how_long_it_takes(now: list[float]) -> None:
    with ConsoleProgress() as console:
        console("linking")
        now[0] += 12
        assert console._text() == "linking: 12 s so far"


def test_names_of_files_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    with ConsoleProgress() as progress:
        progress("embedding a\n\x1b[31m\x85.wav")
    assert capsys.readouterr().err.splitlines()[0] == r"embedding a\n\x1b[31m\x85.wav ..."


def test_a_silent_stage_is_told_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(module, "_EARLY_SECONDS", 0.1)
    monkeypatch.setattr(module, "_LATE_SECONDS", 30.0)
    said, started = "", time.monotonic()

    def await_line(pattern: str) -> None:
        nonlocal said
        deadline = time.monotonic() + 60
        while not re.search(pattern, said, re.MULTILINE):
            assert time.monotonic() < deadline, said
            time.sleep(0.01)
            said += capsys.readouterr().err

    with ConsoleProgress() as console:
        console("compiling", 1, 4)
        await_line(r"^compiling: 1 of 4 \(25%\)$")
        console("compiling", 3, 4)
        await_line(r"^compiling: 3 of 4 \(75%\), about \d+ s left$")
    lines = said.splitlines()
    assert lines[0] == "compiling ..."
    assert len(lines) <= 2 + (time.monotonic() - started) / 0.1


def test_later_lines_come_less_often(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every 2 seconds in the first 10, then every 10."""
    said: list[float] = []
    console = ConsoleProgress()

    def say(_line: str) -> None:
        said.append(now[0] - 100)
        console._said = now[0]

    console._opened = console._started = console._said = now[0]
    console._stage = "training"
    ticks = iter(range(400))

    def wait(_seconds: float) -> bool:
        now[0] += 0.25
        return next(ticks, None) is None

    monkeypatch.setattr(console, "_say", say)
    monkeypatch.setattr(console._ended, "wait", wait)
    console._keep_saying()
    assert said == [2, 4, 6, 8, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


def test_nothing_is_said_where_stderr_is_closed() -> None:
    program = """
from edgel3_deploy.cli.progress import ConsoleProgress
with ConsoleProgress() as progress:
    progress("working", 1, 2)
print("done")
"""
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -c '{program}' 2>&-"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"done\n")


DRAWING = """
import time
from edgel3_deploy.cli.progress import ConsoleProgress
with ConsoleProgress() as progress:
    for step in range(5):
        progress("[bold]training", step, 4)
        time.sleep(0.2)
"""


def on_a_terminal(**environment: str) -> str:
    """What DRAWING writes to a terminal as its stderr."""
    master, slave = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", DRAWING], stderr=slave, env={**os.environ, "COLUMNS": "100", **environment}
    ) as child:
        os.close(slave)
        seen = b""
        try:
            while part := os.read(master, 4096):
                seen += part
        except OSError:
            pass
        assert child.wait() == 0
    os.close(master)
    return seen.decode()


def test_a_terminal_shows_a_bar_that_goes() -> None:
    seen = on_a_terminal(TERM="xterm-256color")
    assert "[bold]training" in seen
    assert "50%" in seen
    assert seen.rstrip().endswith("\x1b[2K")


def test_colours_are_left_out_when_asked() -> None:
    seen = on_a_terminal(TERM="xterm-256color", NO_COLOR="1")
    assert "50%" in seen
    assert not re.search(r"\x1b\[(?:\d+;)*(?:[39][0-7]|38;[0-9;]+)m", seen)


def test_a_dumb_terminal_gets_lines() -> None:
    seen = on_a_terminal(TERM="dumb")
    assert "\x1b" not in seen
    assert seen.startswith("[bold]training ...")
