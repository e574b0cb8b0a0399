"""Which of the ordinary C files under firmware/ a project takes along."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from edgel3_deploy.boards.board import Board, Family
from edgel3_deploy.resources import firmware_dir

FOLDER = "firmware"
SHARED = ("boot", "drivers", "include", "link", "startup")
"""Folders that application and loader both take."""
INCLUDES = (".", FOLDER, f"{FOLDER}/include")
"""The include path of a project's own sources."""


HEAD_KERNELS = ("fully_connected.c", "requantize_general.c", "requantize.h", "requantize_fast.h")
"""Of the kernels, what a head takes."""
LABEL_STATE = ("head.h", "label_state.c", "label_state.h")
"""Of a head, what the sensor takes where there is none."""


def application_files(
    board: Board, runtime: str, *, front_end: bool = False, with_head: bool = False
) -> dict[str, bytes]:
    """Sources and headers of the application by their path in the project; native takes the kernels too.

    With a head its kernels come along, with a front end the sound path and the labels' state.
    """
    native = runtime == "native"
    parts = (("kernels", native), ("front_end", front_end), ("sound", front_end), ("head", with_head))
    chosen = (folder for folder, taken in parts if taken)
    files = _files(board, (*SHARED, "application", "settings", *chosen))
    if with_head and not native:
        files |= _some("kernels", HEAD_KERNELS)
    if front_end:
        files |= _some("head", LABEL_STATE)
    return files


def loader_files(board: Board) -> dict[str, bytes]:
    """Sources and headers of the loader by their path in its project."""
    return _files(board, (*SHARED, "loader"))


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
