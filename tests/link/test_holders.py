"""Who has a port open is read from /proc."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgel3_deploy.errors import LinkError
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


def test_a_system_without_proc_finds_nobody(tmp_path: Path) -> None:
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
