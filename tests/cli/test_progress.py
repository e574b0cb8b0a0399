"""Progress on a terminal: how far a stage is, and how long what remains will take."""

from __future__ import annotations

import pytest

from edgel3_deploy.cli.progress import ConsoleProgress


@pytest.mark.parametrize(
    ("first", "seconds", "shown"),
    [
        (0, 10, "50 of 1000, about 190 s left"),
        (500, 10, "550 of 1000, about 90 s left"),
        (0, 60, "50 of 1000, about 19 min left"),
    ],
)
def test_what_remains_is_judged_by_the_pace_since_the_stage_began(
    first: int,
    seconds: float,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with ConsoleProgress() as console:
        console._terminal = True
        console("training", first, 1_000)
        now[0] += seconds
        console("training", first + 50, 1_000)
    assert capsys.readouterr().err.rstrip().endswith(shown)
