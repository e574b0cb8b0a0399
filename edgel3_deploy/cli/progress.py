"""Progress on stderr: a bar that is redrawn on a terminal; elsewhere a line whenever a while has passed."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import click

from edgel3_deploy.link.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_EARLY_SECONDS = 2.0
"""How long nothing is said in a pipe at first: somebody may be looking."""
_LATE_SECONDS = 10.0
"""The same after as many seconds."""
_POLL_SECONDS = 0.25


class ConsoleProgress:
    """A `Progress` that shows stage, percentage and time left; a context manager, so that the bar goes.

    On a terminal rich draws one line, which is gone at the end. In a pipe, a file or on a dumb terminal there
    is a line for each stage, and one every 2, later every 10 seconds, whether the work reports or not.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stage = ""
        self._done, self._total, self._first = 0, 0, 0
        self._started = self._said = self._opened = 0.0
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._ended = threading.Event()

    def __enter__(self) -> ConsoleProgress:
        self._opened = time.monotonic()
        if is_drawable():
            self._bar = _bar()
            self._bar.start()
        else:
            threading.Thread(target=self._keep_saying, name="progress", daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended.set()
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:
        stage = printable(stage)  # it may name a file
        with self._lock:
            is_new = stage != self._stage
            if is_new:
                self._stage, self._first, self._started = stage, done, time.monotonic()
            self._done, self._total = done, total
            if self._bar is not None:
                self._draw(self._bar, is_new)
            elif is_new:
                self._say(f"{stage} ...")

    def _draw(self, bar: Bar, is_new: bool) -> None:
        if is_new or self._task is None:
            if self._task is not None:
                bar.remove_task(self._task)
            self._task = bar.add_task(self._stage, total=None, left="")
        bar.update(self._task, completed=self._done, total=self._total or None, left=self._left())

    def _keep_saying(self) -> None:
        while not self._ended.wait(_POLL_SECONDS):
            with self._lock:
                now = time.monotonic()
                pause = _EARLY_SECONDS if now - self._opened <= _LATE_SECONDS else _LATE_SECONDS
                if self._stage and now - self._said >= pause and not self._ended.is_set():
                    self._say(self._text())

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        # Whoever closed stderr wants to hear nothing.
        with contextlib.suppress(OSError, ValueError):
            click.echo(line, err=True)

    def _text(self) -> str:
        """Stage, share and what is left, such as "training: 50 of 1,000 (5%), about 190 s left"."""
        if self._total <= 0:
            return f"{self._stage}: {_duration(time.monotonic() - self._started)} so far"
        share = f"{self._done:,} of {self._total:,} ({self._done / self._total:.0%})"
        return ", ".join(filter(None, (f"{self._stage}: {share}", self._left())))

    def _left(self) -> str:
        """What is left at the pace since the stage began, which may go on from where another run stopped."""
        here, passed = self._done - self._first, time.monotonic() - self._started
        if here <= 0 or self._done >= self._total or passed <= _EARLY_SECONDS:
            return ""
        return f"about {_duration(passed * (self._total - self._done) / here)} left"


def is_drawable() -> bool:
    """Whether stderr is a terminal on which a line can be drawn again."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    # Standard output stays untouched: results may be read while the bar is up.
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)


def _duration(seconds: float) -> str:
    """Seconds up to ten minutes, then minutes, such as 95 s or 42 min."""
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
