"""Which of the ordinary C files under firmware/ a project takes along."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from edgel3_deploy.boards.board import Board, Family
from edgel3_deploy.resources import firmware_dir

FOLDER = "firmware"
SHARED = ("boot", "drivers", "link", "startup")
"""Folders that application and loader both take."""
INCLUDES = (".", FOLDER, f"{FOLDER}/include")
"""The include path of a project's own sources."""


LABEL_STATE = ("label_state.c", "label_state.h", "most_labels.h")
"""Of the head's files, what the sensor takes: the others are the library's."""
OWN_HEADERS = ("build_id.h", "simd.h")
"""Of firmware/include/, what is not the library's alone."""


def application_files(board: Board, *, front_end: bool = False) -> dict[str, bytes]:
    """Sources and headers of the application by their path in the project, without the network's library.

    With a front end the sound path and the labels' state come along.
    """
    files = _files(board, (*SHARED, "application", "settings", *(("sound",) if front_end else ())))
    files |= _some("include", OWN_HEADERS)
    if front_end:
        files |= _some("head", LABEL_STATE)
    return files


def loader_files(board: Board) -> dict[str, bytes]:
    """Sources and headers of the loader by their path in its project."""
    return _files(board, (*SHARED, "loader")) | _some("include", OWN_HEADERS)


def _some(folder: str, names: Iterable[str]) -> dict[str, bytes]:
    return {f"{FOLDER}/{folder}/{name}": (firmware_dir() / folder / name).read_bytes() for name in names}


def _files(board: Board, folders: Iterable[str]) -> dict[str, bytes]:
    """Everything in `folders`, without sources named after another family."""
    root = firmware_dir()
    others = tuple(f"_{_stem(family)}.c" for family in get_args(Family) if family != board.family)
    paths = [path for folder in folders for path in (root / folder).iterdir()]
    return {
        f"{FOLDER}/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(paths)
        if path.suffix in (".c", ".h", ".S") and not path.name.endswith(others)
    }


def _stem(family: str) -> str:
    """How C files call a family: the part before a dash."""
    return family.partition("-")[0]
