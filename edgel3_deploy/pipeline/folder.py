"""The folder of a build: replaced as a whole or not at all, and by one process at a time."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import open_lock, try_lock
from edgel3_deploy.pipeline.manifest import FILE_NAME, Manifest, read_manifest


class BuildFolder:
    """`directory` with a staging folder beside it; made by `build_folder`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._stage = directory.parent / f".{directory.name}.new"
        self._old = directory.parent / f".{directory.name}.old"

    def recover(self) -> None:
        """Remove what an interrupted build left, and put the earlier build back if it was being replaced."""
        if self._old.exists():
            if self.directory.exists():
                self._carry_over(self._old, self.directory)
            else:
                self._old.rename(self.directory)
        self.discard_stage()
        shutil.rmtree(self._old, ignore_errors=True)

    def check_ours(self) -> None:
        """UsageError if the folder holds something, but no build: it would be replaced."""
        if self.directory.exists() and not self.directory.is_dir():
            raise UsageError(f"{self.directory} is a file", "Choose a folder with --output.")
        if not (self.directory / FILE_NAME).exists() and self.directory.exists():
            others = {path.name for path in self.directory.iterdir()} - {"report", "virtual-flash.bin"}
            if others:
                raise UsageError(
                    f"{self.directory} holds other files and no build",
                    "Choose an empty or new folder with --output.",
                )

    def earlier(self) -> Manifest | None:
        """The manifest of the build that is there; None if there is none that can be read."""
        try:
            return read_manifest(self.directory)
        except BadInputError:
            return None

    def stage(self) -> Path:
        """A new, empty folder beside the final one."""
        self.discard_stage()
        self._stage.mkdir()
        return self._stage

    def discard_stage(self) -> None:
        """Remove the staged folder, if there is one."""
        shutil.rmtree(self._stage, ignore_errors=True)

    def commit(self) -> None:
        """Put the staged folder in place; what the earlier build did not write, such as its report, stays."""
        if not self.directory.exists():
            self._stage.rename(self.directory)
            return
        self.directory.rename(self._old)
        try:
            self._stage.rename(self.directory)
        except BaseException:
            self._old.rename(self.directory)
            raise
        self._carry_over(self._old, self.directory)
        shutil.rmtree(self._old, ignore_errors=True)

    @staticmethod
    def _carry_over(old: Path, new: Path) -> None:
        try:
            written = {Path(name).parts[0] for name in read_manifest(old).files}
        except BadInputError:
            written = set()
        for path in old.iterdir():
            if path.name not in written | {FILE_NAME, "obj"} and not (new / path.name).exists():
                path.rename(new / path.name)


@contextlib.contextmanager
def build_folder(directory: Path) -> Iterator[BuildFolder]:
    """Lock `directory` for a build and clean up after interrupted ones; what is staged, not committed, goes.

    A symbolic link stays, and what it leads to is replaced. Raises UsageError if another process builds
    there, the place cannot be written, it is no build's, or it is the current folder or one above.
    """
    directory = Path(os.path.realpath(directory))
    here = Path(os.path.realpath(os.curdir))
    if directory == here or directory in here.parents:
        raise UsageError(
            f"{directory} is the current folder, or one above it, which a build would replace",
            "Choose another --output, such as build, or give the command from elsewhere.",
        )
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with open_lock(directory.parent / f".{directory.name}.lock") as lock:
            if not try_lock(lock):
                raise UsageError(f"{directory} is being built by another process", "Wait until it is done.")
            folder = BuildFolder(directory)
            folder.recover()
            folder.check_ours()
            try:
                yield folder
            finally:
                folder.discard_stage()
    except OSError as error:
        raise UsageError(
            f"{error.filename or directory}: {error.strerror or error}",
            "Check the path and its permissions, make room, or choose another --output.",
        ) from error
