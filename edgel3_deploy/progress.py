"""How long steps tell their caller how far they are; only the command line draws it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as work proceeds: `stage` is a phrase; `done` of `total` units, 0 of 0 if not countable."""

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None: ...


def silent(stage: str, done: int = 0, total: int = 0) -> None:
    """A progress sink that shows nothing."""
