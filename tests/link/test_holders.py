"""Who has a port open is read from /proc, elsewhere asked of lsof."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link import holders as module
from edgel3_deploy.link.holders import Holder, holders
from edgel3_deploy.link.port import open_port
from tests.link.test_port import Echo


def test_processes_that_have_the_file_open_are_found_by_their_descriptors(tmp_path: Path) -> None:
    port = tmp_path / "ttyACM0"
    port.touch()
    proc = tmp_path / "proc"
    for pid, target in ((42, port), (7, tmp_path / "other")):
        (proc / str(pid) / "fd").mkdir(parents=True)
        (proc / str(pid) / "fd" / "3").symlink_to(target)
        (proc / str(pid) / "comm").write_text("minicom\n")
    (proc / "self").mkdir()
    assert holders(str(port), proc) == (Holder(42, "minicom"),)
    assert str(holders(str(port), proc)[0]) == "minicom (process 42)"


def test_a_link_such_as_by_id_is_followed(tmp_path: Path) -> None:
    port, proc = tmp_path / "ttyACM0", tmp_path / "proc"
    port.touch()
    (tmp_path / "by-id").symlink_to(port)
    (proc / "42/fd").mkdir(parents=True)
    (proc / "self").mkdir()
    (proc / "42/fd/3").symlink_to(port)
    assert holders(str(tmp_path / "by-id"), proc) == (Holder(42, "a process"),)


def test_processes_that_may_not_be_looked_at_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "17").touch()
    (tmp_path / "18").mkdir()
    assert holders("/dev/ttyACM0", tmp_path) == ()


@pytest.fixture
def lsof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program lsof is found, alone on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "lsof"


def test_a_system_without_proc_is_asked_through_lsof(lsof: Path, tmp_path: Path) -> None:
    lsof.write_text("#!/bin/sh\nprintf 'p4712\\ncminicom\\nf5\\np4711\\ncscreen\\n'\n")
    lsof.chmod(0o755)
    assert holders("/dev/cu.usbmodem3", tmp_path / "absent") == (
        Holder(4711, "screen"),
        Holder(4712, "minicom"),
    )


def test_a_system_with_neither_finds_nobody(lsof: Path, tmp_path: Path) -> None:
    assert holders("/dev/ttyACM0", tmp_path / "absent") == ()


def test_an_lsof_that_hangs_is_given_up(lsof: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lsof.write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    lsof.chmod(0o755)
    monkeypatch.setattr(module, "_LSOF_SECONDS", 0.1)
    assert holders("/dev/ttyACM0", tmp_path / "absent") == ()


def test_a_busy_port_names_the_program_that_has_it() -> None:
    holder = (
        "import serial, sys, time\n"
        "port = serial.Serial(sys.argv[1], exclusive=True)\n"
        "print('open', flush=True)\n"
        "time.sleep(60)\n"
    )
    with Echo() as device:
        process = subprocess.Popen([sys.executable, "-c", holder, device.path], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"open\n"
            with pytest.raises(LinkError, match=rf"is busy: \S+ \(process {process.pid}\) has it open"):
                open_port(device.path, 115_200)
        finally:
            process.kill()
            process.communicate()
