"""A short campaign in every run of the tests: nothing from outside gives a traceback, runs or writes."""

from __future__ import annotations

from pathlib import Path

from tests.firmware.link.conftest import compile_harness
from tests.fuzz.__main__ import SANITIZERS
from tests.fuzz.campaign import SHARES, campaign
from tests.fuzz.watch import Watch


def test_nothing_from_outside_gets_through(host_gcc: Path, repository: Path, tmp_path: Path) -> None:
    harness = compile_harness(host_gcc, repository, tmp_path / "link", *SANITIZERS)
    # Earlier tests of this process have had what they had.
    before = Watch(places=()).peak_megabytes
    watch = campaign(400, 20, harness)
    assert watch.tracebacks == []
    assert watch.executed == []
    assert watch.written == []
    assert watch.slowest[0] < 10
    assert watch.peak_megabytes < max(2_048, before + 256)
    assert watch.inputs.keys() == SHARES.keys()
    assert 0 < watch.refused.total() < watch.inputs.total()


def test_findings_are_seen(tmp_path: Path) -> None:
    """The watch itself: a traceback, a program, a file elsewhere, an error without advice."""
    import subprocess

    from edgel3_deploy.errors import BadInputError

    def terse() -> None:
        raise BadInputError("wrong", "")

    watch = Watch(places=(tmp_path / "inside",))
    watch.run("a", "1", lambda: 1 / 0)
    watch.run("a", "2", lambda: subprocess.run(["true"], check=True))
    watch.run("a", "3", lambda: (tmp_path / "outside").write_text("x"))
    watch.run("a", "4", terse)
    assert [finding.partition(":")[0] for finding in watch.tracebacks] == ["a 1", "a 4"]
    assert len(watch.executed) == 1
    assert watch.written == [str(tmp_path / "outside")]
