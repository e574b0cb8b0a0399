"""Which files are recordings: named ones as they are, folders searched by suffix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import is_dir, is_file

FORMATS = {
    ".wav": "WAV",
    ".wave": "WAV",
    ".bwf": "WAV",
    ".rf64": "RF64",
    ".w64": "W64",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".oga": "OGG",
    ".opus": "OGG",
    ".mp3": "MP3",
    ".aif": "AIFF",
    ".aiff": "AIFF",
    ".aifc": "AIFF",
    ".au": "AU",
    ".snd": "AU",
    ".caf": "CAF",
    ".voc": "VOC",
    ".sph": "NIST",
    ".nist": "NIST",
    ".paf": "PAF",
    ".8svx": "SVX",
    ".avr": "AVR",
    ".pvf": "PVF",
}
"""Suffixes of recordings, and libsndfile's name for what they hold."""


@dataclass(frozen=True)
class Found:
    """Recordings, and what was left out while folders were searched, a sentence each in `warnings`.

    `folders` names for each recording the folder that was asked for; its own folder for a named file.
    """

    paths: tuple[Path, ...]
    folders: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


@lru_cache
def suffixes() -> tuple[str, ...]:
    """The suffixes, lower-case with their dot, of what libsndfile reads on this machine."""
    import soundfile

    formats = soundfile.available_formats()
    return tuple(suffix for suffix, name in FORMATS.items() if name in formats)


def search(paths: Sequence[Path]) -> Found:
    """The files among `paths`, and the recordings in their folders at any depth, sorted; no duplicates.

    Symbolic links are followed, each folder once. Hidden files and folders are left out.
    Raises BadInputError for a path that does not exist or a folder without any recording.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    warnings: list[str] = []
    for path in paths:
        if is_dir(path):
            files, left_out = _walk(path)
            reasons = ", ".join(
                f"{count} {_plural(what, count)}" for what, count in left_out.items() if count
            )
            if not files:
                raise BadInputError(
                    f"{path}: no recording in this folder{f' ({reasons} left out)' if reasons else ''}",
                    f"Recordings are known by their suffix: {' '.join(suffixes())}",
                )
            if reasons:
                warnings.append(f"{path}: {reasons} left out")
        elif is_file(path):
            files = [path]
        else:
            kind = "neither a file nor a folder" if os.path.lexists(path) else "no such file or folder"
            raise BadInputError(f"{path}: {kind}", "Check the path of the recordings.")
        for file in files:
            found.setdefault(file.resolve(), (file, path if file != path else path.parent))
    values = tuple(found.values())
    return Found(tuple(file for file, _ in values), tuple(folder for _, folder in values), tuple(warnings))


def find_clips(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The paths that `search` finds."""
    return search(paths).paths


def _walk(top: Path) -> tuple[list[Path], dict[str, int]]:
    """Recordings below `top`, and how many of what else were passed by."""
    left_out = {"hidden folder": 0, "unreadable folder": 0, "dangling link": 0, "device or pipe": 0}
    files: list[Path] = []
    seen: set[tuple[int, int]] = set()

    def unreadable(error: OSError) -> None:
        left_out["unreadable folder"] += 1

    for name, folders, names in os.walk(top, followlinks=True, onerror=unreadable):
        folder = Path(name)
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        left_out["hidden folder"] += sum(child.startswith(".") for child in folders)
        folders[:] = sorted(child for child in folders if not child.startswith("."))
        for child in names:
            file = folder / child
            if file.suffix.lower() not in suffixes() or child.startswith("."):
                continue
            if is_file(file):
                files.append(file)
            else:
                is_there = os.path.exists(file)  # noqa: PTH110 - Path.exists may raise
                left_out["device or pipe" if is_there else "dangling link"] += 1
    return sorted(files), left_out


def _plural(what: str, count: int) -> str:
    return what if count == 1 else "devices or pipes" if what == "device or pipe" else f"{what}s"
