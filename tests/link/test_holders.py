"""Who has a port open: asked with a pseudo-terminal that another process holds."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgel3_deploy.link import holders
from edgel3_deploy.link.holders import Holder, describe_holders, port_holders

HOLD = "import sys; port = open(sys.argv[1], 'rb', buffering=0); print('open', flush=True); sys.stdin.read()"


@pytest.fixture
def port() -> Iterator[str]:
    """Path of a pseudo-terminal that only this process has open."""
    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture
def holder(port: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has `port` open."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_the_process_that_holds_a_port_is_named(port: str, holder: subprocess.Popen[str]) -> None:
    (found,) = port_holders(port)
    assert found.pid == holder.pid
    assert found.program.startswith("python")
    assert describe_holders(port) == f"{found.program} (pid {holder.pid})"


def test_a_link_to_the_port_is_followed(port: str, holder: subprocess.Popen[str], tmp_path: Path) -> None:
    link = tmp_path / "by-id"
    link.symlink_to(port)
    assert [found.pid for found in port_holders(str(link))] == [holder.pid]


def test_this_process_does_not_count(port: str) -> None:
    assert port_holders(port) == ()
    assert describe_holders(port) == ""


def test_an_absent_port_has_no_holder(tmp_path: Path) -> None:
    assert port_holders(str(tmp_path / "ttyACM0")) == ()


def test_processes_that_may_not_be_looked_at_are_passed_over(
    port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process without readable fd or comm, one that is gone, and one that holds the port."""
    for folder in ("self/fd", "17", "4711/fd"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "18").touch()
    (tmp_path / "4711/fd/3").symlink_to(port)
    monkeypatch.setattr(holders, "_PROC", tmp_path)
    assert port_holders(port) == (Holder(4711, ""),)
    assert describe_holders(port) == "a program (pid 4711)"


@pytest.fixture
def without_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without /proc; returns the folder for its programs, alone on PATH."""
    monkeypatch.setattr(holders, "_PROC", tmp_path / "proc")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_without_proc_lsof_is_asked(port: str, without_proc: Path) -> None:
    lsof = without_proc / "lsof"
    lsof.write_text("#!/bin/sh\nprintf 'p4711\\ncscreen\\nf5\\np4712\\ncminicom\\n'\n")
    lsof.chmod(0o755)
    assert port_holders(port) == (Holder(4711, "screen"), Holder(4712, "minicom"))


def test_without_proc_and_lsof_nobody_is_named(port: str, without_proc: Path) -> None:
    assert port_holders(port) == ()


def test_an_lsof_that_hangs_is_given_up(
    port: str, without_proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lsof = without_proc / "lsof"
    lsof.write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    lsof.chmod(0o755)
    monkeypatch.setattr(holders, "_LSOF_SECONDS", 0.1)
    assert port_holders(port) == ()
