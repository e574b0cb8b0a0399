"""Progress on stderr: one line that is redrawn on a terminal that can, one line a stage elsewhere."""

from __future__ import annotations

import os
import sys
import time

import click

_REDRAW_SECONDS = 0.1


class ConsoleProgress:
    """A `Progress` that draws on stderr; used as a context manager so that the last line is closed."""

    def __init__(self) -> None:
        self._stage = ""
        self._drawn = 0.0
        self._started = 0.0
        self._first = 0
        is_dumb = os.environ.get("TERM") == "dumb"
        self._terminal = sys.stderr is not None and sys.stderr.isatty() and not is_dumb

    def __enter__(self) -> ConsoleProgress:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._close_line()

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:
        new_stage = stage != self._stage
        if new_stage:
            self._close_line()
            self._stage = stage
            self._started = time.monotonic()
            self._first = done
        if not self._terminal:
            if new_stage:
                click.echo(f"{stage} ...", err=True)
            return
        now = time.monotonic()
        if new_stage or done == total or now - self._drawn >= _REDRAW_SECONDS:
            self._drawn = now
            click.echo(f"\r\x1b[K{self._text(done, total, now)}", nl=False, err=True)

    def _text(self, done: int, total: int, now: float) -> str:
        if total <= 0:
            return f"{self._stage} ..."
        text = f"{self._stage}: {done} of {total}"
        # A stage that goes on from where an earlier run stopped does not begin at zero.
        here = done - self._first
        if here > 0 and done < total and now - self._started > 2:
            text += f", about {_duration((now - self._started) * (total - done) / here)} left"
        return text

    def _close_line(self) -> None:
        if self._terminal and self._stage:
            click.echo("", err=True)
        self._stage = ""


def _duration(seconds: float) -> str:
    """Seconds up to ten minutes, then minutes, such as 95 s or 42 min."""
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
