"""Files that are whole or not there, and names that the system refuses."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import IO

import portalocker
import pytest

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import (
    drop_lock,
    is_dir,
    is_file,
    locked,
    open_lock,
    read_file,
    read_ordinary,
    require_writable,
    take_lock,
    try_lock,
    unlock,
    write_atomically,
)

OVERLONG = Path("x" * 300)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files")
def test_what_may_have_no_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(BadInputError, match="a head cannot be read: it is no ordinary file"):
            read_file(tmp_path / name, "a head")


def test_a_file_that_says_it_is_empty_is_read_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(bytes(20))
    assert read_ordinary(tmp_path / "long", 20) == bytes(20)
    with pytest.raises(OSError, match="File too large"):
        read_ordinary(tmp_path / "long", 19)


def test_writing_replaces_the_whole_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file"
    for content in (b"first", b"second"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("place", ["file/below", "x" * 300])
def test_a_place_that_cannot_be_written_is_told(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written"):
        write_atomically(tmp_path / place, b"")
    with pytest.raises(UsageError, match="cannot be written"):
        require_writable(tmp_path / place)


def test_trying_a_folder_leaves_it_empty(tmp_path: Path) -> None:
    require_writable(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []


def test_a_lock_is_held_once_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    for _ in range(2):
        with locked(path), pytest.raises(UsageError, match="held by another process"), locked(path):
            pass
        assert not path.exists()
    with pytest.raises(UsageError, match="cannot be written"), locked(tmp_path / OVERLONG):
        pass


def test_a_lock_file_that_was_removed_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    lock = portalocker.lock

    def removed_first(file: IO[bytes], flags: portalocker.LockFlags) -> None:
        monkeypatch.setattr("portalocker.lock", lock)
        path.unlink()
        lock(file, flags)

    monkeypatch.setattr("portalocker.lock", removed_first)
    with locked(path):
        assert path.exists()
        assert take_lock(path) is None
    assert not path.exists()


def test_a_lock_is_removed_where_only_closed_files_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgel3_deploy.fileio._OPEN_FILES_CAN_BE_REMOVED", False)
    remove = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        file = take_lock(path)
        if file is None:
            raise PermissionError(13, "it is open", str(path))
        file.close()
        remove(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    with locked(tmp_path / "lock"):
        with pytest.raises(PermissionError):
            (tmp_path / "lock").unlink()
        assert (tmp_path / "lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_cannot_be_removed_is_taken_again(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    file = take_lock(tmp_path / "lock")
    assert file is not None
    (tmp_path / "lock").rename(tmp_path / "elsewhere")
    drop_lock(tmp_path / "lock", file)
    with locked(tmp_path / "elsewhere"):
        pass


_CONTENDER = """
import sys
from pathlib import Path
from typing import IO
from edgel3_deploy.fileio import drop_lock, take_lock

folder, held = Path(sys.argv[1]), 0
while held < 100:
    file = take_lock(folder / "lock")
    if file is not None:
        (folder / "inside").touch(exist_ok=False)
        (folder / "inside").unlink()
        drop_lock(folder / "lock", file)
        held += 1
"""


def test_no_two_processes_hold_a_lock_that_is_removed_each_time(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CONTENDER, str(tmp_path)]
    contenders = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [contender.communicate(timeout=600)[1] for contender in contenders] == [""] * 3
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="cannot be written"), locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_outlives_a_second_descriptor(tmp_path: Path) -> None:
    with open_lock(tmp_path / "lock") as first, open_lock(tmp_path / "lock") as second:
        assert try_lock(first)
        kept = os.dup(first.fileno())
        first.close()
        assert not try_lock(second)
        unlock(kept)
        assert try_lock(second)
        os.close(kept)


def test_without_room_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(UsageError, match="cannot be written") as caught:
            write_atomically(path, bytes(1 << 21))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "Make room" in caught.value.hint
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_names_that_the_system_refuses_are_neither_files_nor_folders(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert is_file(tmp_path / "file") and not is_file(tmp_path)
    assert is_dir(tmp_path) and not is_dir(tmp_path / "file")
    assert not is_file(OVERLONG) and not is_dir(OVERLONG)


def test_reading_names_the_file_and_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(path, "a number") == b"12345"
    with pytest.raises(BadInputError, match="5 bytes is too large for a number"):
        read_file(path, "a number", limit=4)
    for unreadable in (tmp_path, tmp_path / "none", OVERLONG):
        with pytest.raises(BadInputError, match="a number cannot be read"):
            read_file(unreadable, "a number")
