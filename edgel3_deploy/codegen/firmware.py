"""Which of the ordinary C files under firmware/ a project takes along."""

from __future__ import annotations

from typing import get_args

from edgel3_deploy.boards.board import Board, Family
from edgel3_deploy.resources import firmware_dir

FOLDER = "firmware"
FOLDERS = ("include", "kernels", "link", "drivers", "startup")
"""What a project takes from; `kernels` only for the runtime native."""
INCLUDES = (".", FOLDER, f"{FOLDER}/include")
"""The include path of a project's own sources."""


def firmware_files(board: Board, runtime: str) -> dict[str, bytes]:
    """Sources and headers by their path in the project, without sources named after another family."""
    root = firmware_dir()
    others = tuple(f"_{_stem(family)}.c" for family in get_args(Family) if family != board.family)
    paths = [root / "main.c"]
    for folder in FOLDERS:
        if folder != "kernels" or runtime == "native":
            paths += [path for path in (root / folder).iterdir() if path.suffix in (".c", ".h")]
    return {
        f"{FOLDER}/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(paths)
        if not path.name.endswith(others)
    }


def _stem(family: str) -> str:
    """How C files call a family: the part before a dash."""
    return family.partition("-")[0]
