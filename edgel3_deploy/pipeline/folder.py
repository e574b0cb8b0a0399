"""Folders that commands write: replaced as a whole or not at all, and by one process at a time."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.errors import UsageError
from edgel3_deploy.fileio import drop_lock, take_lock
from edgel3_deploy.pipeline.manifest import FILE_NAME, find_manifest


@dataclass(frozen=True)
class Owner:
    """Whose a folder is: `noun` is what lies in it, `marker` the file that says so.

    `beside` names what may be there without that file, `written` the paths that the owner wrote into a folder
    of its own: what else is there stays when the folder is replaced.
    """

    noun: str
    marker: str
    written: Callable[[Path], Iterable[str]]
    beside: frozenset[str] = frozenset()


class OutputFolder:
    """`directory` with a staging folder beside it; made by `output_folder`."""

    def __init__(self, directory: Path, owner: Owner) -> None:
        self.directory = directory
        self._owner = owner
        self._stage = directory.parent / f".{directory.name}.new"
        self._old = directory.parent / f".{directory.name}.old"

    def recover(self) -> None:
        """Remove what an interrupted run left, and put the earlier folder back if it was being replaced."""
        if self._old.exists():
            if self.directory.exists():
                self._carry_over(self._old, self.directory)
            else:
                self._old.rename(self.directory)
        self.discard_stage()
        shutil.rmtree(self._old, ignore_errors=True)

    def check_ours(self) -> None:
        """UsageError if the folder holds something, but nothing of its owner's: it would be replaced."""
        if self.directory.exists() and not self.directory.is_dir():
            raise UsageError(f"{self.directory} is a file", "Choose a folder with --output.")
        if not (self.directory / self._owner.marker).exists() and self.directory.exists():
            others = {path.name for path in self.directory.iterdir()} - self._owner.beside
            if others:
                raise UsageError(
                    f"{self.directory} holds other files and no {self._owner.noun}",
                    "Choose an empty or new folder with --output.",
                )

    def stage(self) -> Path:
        """A new, empty folder beside the final one."""
        self.discard_stage()
        self._stage.mkdir()
        return self._stage

    def discard_stage(self) -> None:
        """Remove the staged folder, if there is one."""
        shutil.rmtree(self._stage, ignore_errors=True)

    def commit(self) -> None:
        """Put the staged folder in place; what its owner did not write, such as a report, stays."""
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

    def _carry_over(self, old: Path, new: Path) -> None:
        written = {Path(name).parts[0] for name in self._owner.written(old)}
        for path in old.iterdir():
            if path.name not in written | {self._owner.marker, "obj"} and not (new / path.name).exists():
                path.rename(new / path.name)


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` by their paths below `directory`."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _written_by_build(directory: Path) -> Iterable[str]:
    manifest = find_manifest(directory)
    return () if manifest is None else manifest.files


BUILD = Owner("build", FILE_NAME, _written_by_build, frozenset({"report", "virtual-flash.bin"}))
"""What `edgel3-deploy build` writes."""


@contextlib.contextmanager
def output_folder(directory: Path, owner: Owner = BUILD) -> Iterator[OutputFolder]:
    """Lock `directory` and clean up after interrupted runs; what is staged, not committed, goes.

    A symbolic link stays, and what it leads to is replaced. Raises UsageError if another process writes
    there, the place cannot be written, it is not the owner's, or it is the current folder or one above.
    """
    directory = Path(os.path.realpath(directory))
    here = Path(os.path.realpath(os.curdir))
    if directory == here or directory in here.parents:
        raise UsageError(
            f"{directory} is the current folder, or one above it, which would be replaced",
            "Choose another --output, such as build, or give the command from elsewhere.",
        )
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        place = directory.parent / f".{directory.name}.lock"
        lock = take_lock(place)
        if lock is None:
            raise UsageError(f"{directory} is being written by another process", "Wait until it is done.")
        try:
            folder = OutputFolder(directory, owner)
            folder.recover()
            folder.check_ours()
            try:
                yield folder
            finally:
                folder.discard_stage()
        finally:
            drop_lock(place, lock)
    except OSError as error:
        raise UsageError(
            f"{error.filename or directory}: {error.strerror or error}",
            "Check the path and its permissions, make room, or choose another --output.",
        ) from error
