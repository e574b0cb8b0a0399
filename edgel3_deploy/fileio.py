"""Files that are whole or not there: written aside, then moved into place."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from edgel3_deploy.errors import BadInputError, UsageError


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`: whoever reads, whatever interrupts, there is the old file or the new one.

    Raises UsageError if the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Part of the name: with all of a long one the temporary name would be too long.
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:32]}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(0o666 & ~umask)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise not_writable(path, error) from error


def read_file(path: Path, what: str, limit: int = 1 << 28) -> bytes:
    """The bytes of `path`, which should hold `what` (for the message).

    Raises BadInputError if it is absent, unreadable, a folder or larger than `limit` bytes.
    """
    try:
        length = path.stat().st_size
        if length > limit:
            raise BadInputError(
                f"{path}: {length:,} bytes is too large for {what}", f"The limit is {limit:,} bytes."
            )
        return path.read_bytes()
    except OSError as error:
        raise BadInputError(f"{path}: {what} cannot be read: {error.strerror}", "Check the path.") from error


def expanded(name: str) -> Path:
    """`name` as a path, a leading ~ replaced by the home folder. Raises BadInputError if there is none."""
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise BadInputError(f"{name}: there is no such home folder", "Check the path.") from error


def is_file(path: Path) -> bool:
    """Whether `path` is a file; False for names that the system refuses, such as overlong ones."""
    with contextlib.suppress(OSError):
        return path.is_file()
    return False


def is_dir(path: Path) -> bool:
    """Whether `path` is a folder; False for names that the system refuses."""
    with contextlib.suppress(OSError):
        return path.is_dir()
    return False


def require_writable(folder: Path) -> None:
    """Make `folder` and try to write into it, so that a long command learns at its start that it cannot.

    Raises UsageError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise not_writable(folder, error) from error


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, which is removed behind the block; a process that is killed releases it.

    Raises UsageError if another process holds it, or if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = take_lock(path)
    except OSError as error:
        raise not_writable(path, error) from error
    if file is None:
        raise UsageError(
            f"{path}: held by another process", "Wait until it is done, or choose another output."
        )
    try:
        yield
    finally:
        drop_lock(path, file)


_OPEN_FILES_CAN_BE_REMOVED = os.name == "posix"


def take_lock(path: Path) -> IO[bytes] | None:
    """The lock file `path`, made for that and locked, for `drop_lock`; None if another process holds it.

    Raises OSError.
    """
    while True:
        file = open_lock(path)
        try:
            is_ours = try_lock(file)
            if is_ours and _is_at(path, file):
                return file
        except BaseException:
            file.close()
            raise
        file.close()
        if not is_ours:
            return None


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether `path` still leads to the open `file`: whoever held the lock before may have removed it."""
    try:
        return not _OPEN_FILES_CAN_BE_REMOVED or os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def drop_lock(path: Path, file: IO[bytes]) -> None:
    """Remove the lock file and release it; where it cannot be removed it stays, and is no one's.

    Where an open file can be removed it must be while it is locked, so that nobody keeps a lock on a file
    that is gone. On Windows it is removed once it is closed, unless somebody has opened it by then.
    """
    with file:
        if _OPEN_FILES_CAN_BE_REMOVED:
            _remove(path)
    if not _OPEN_FILES_CAN_BE_REMOVED:
        _remove(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def open_lock(path: Path) -> IO[bytes]:
    """The lock file `path`, made if it is not there; a symbolic link is not followed. Raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o666), "r+b")


def try_lock(file: IO[bytes]) -> bool:
    """Lock `file` until it is closed, on every descriptor of it; False if another process holds it.

    Raises OSError where the file system knows no locks.
    """
    import portalocker

    try:
        portalocker.lock(file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.AlreadyLocked:
        return False
    except portalocker.LockException as error:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), file.name) from error
    return True


def unlock(descriptor: int) -> None:
    """Release what `try_lock` took, by another descriptor of the same open file."""
    import portalocker

    portalocker.unlock(descriptor)


def not_writable(path: Path, error: OSError) -> UsageError:
    """The error to raise after writing to `path` failed."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    hint = "Make room and give the same command again." if is_full else "Choose another place."
    return UsageError(f"{path}: cannot be written: {error.strerror}", hint)


def sha256(content: bytes) -> str:
    """SHA-256 as lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()
