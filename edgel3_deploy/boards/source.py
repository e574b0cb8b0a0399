"""From the name of a board to the merged values of its file and of those it is based on.

A board file may come from anyone. Its size and the length of its lines are bounded before it is parsed: the
time that TOML's dotted keys take grows with the square of their length.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from edgel3_deploy.boards.table import EXAMPLE, nearest, shown
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import read_ordinary
from edgel3_deploy.resources import boards_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MAX_FILE_SIZE = 16 * 1024
_MAX_LINE = 300
_MAX_BASES = 8


def board_names() -> tuple[str, ...]:
    """Names of the built-in boards, sorted."""
    return tuple(sorted(path.stem for path in boards_dir().glob("*.toml")))


def find_board(name_or_path: str) -> Path:
    """The file of the built-in board of that name, or the path; UsageError for a name that is neither."""
    path = _find(name_or_path, Path.cwd())
    if path is None:
        raise UsageError(
            f"unknown board '{shown(name_or_path)}'",
            f"{_other_boards(name_or_path)} A board file works by its path: FILE.toml.",
        )
    return path


def read_merged(path: Path) -> dict[str, Any]:
    """The file's values over those of its base: tables merge key by key, anything else replaces.

    Raises BadInputError, naming the file, for one that cannot be read, is no TOML, is too large for a board
    file, or is based on what does not exist or on itself.
    """
    return _merged(path, ())


def _find(name: str, folder: Path) -> Path | None:
    if name.endswith(".toml") or "/" in name:
        return folder / _expanded(name)
    return boards_dir() / f"{name}.toml" if name in board_names() else None


def _expanded(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise BadInputError(f"{shown(name)}: there is no such home folder", "Check the path.") from error


def _other_boards(name: str) -> str:
    return nearest(name, board_names()) or f"Boards: {', '.join(board_names())}."


def _merged(path: Path, chain: tuple[Path, ...]) -> dict[str, Any]:
    values = _read(path)
    base_name = values.pop("based_on", None)
    if base_name is None:
        return values
    if not isinstance(base_name, str) or not base_name.isprintable():
        raise BadInputError(
            f"{path}: 'based_on' must be a printable string", "Name a built-in board or a board file."
        )
    base = _find(base_name, path.parent)
    if base is None:
        raise BadInputError(
            f"{path}: 'based_on' names the unknown board '{shown(base_name)}'", _other_boards(base_name)
        )
    chain = (*chain, _resolved(path))
    if _resolved(base) in chain:
        raise BadInputError(f"{path}: 'based_on' goes round in a circle", f"{base} is based on this file.")
    if len(chain) > _MAX_BASES:
        raise BadInputError(f"{path}: more than {_MAX_BASES} board files are based on each other", EXAMPLE)
    return _deep_merge(_merged(base, chain), values)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise BadInputError(
            f"cannot read board file {path}: its links lead nowhere", "Check the path."
        ) from error


def _deep_merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both_tables = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _deep_merge(cast(dict[str, Any], below), value) if both_tables else value
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        data = read_ordinary(path, _MAX_FILE_SIZE)
    except OSError as error:
        problem = f"cannot read board file {path}: {error.strerror}"
        if error.errno == errno.EFBIG:
            problem = f"{path} is larger than a board file can be ({_MAX_FILE_SIZE} bytes)"
        raise BadInputError(problem, "Check the path.") from error
    for number, line in enumerate(data.split(b"\n"), 1):
        if len(line) > _MAX_LINE:
            raise BadInputError(
                f"{path}: line {number} is longer than {_MAX_LINE} bytes", f"Break the line. {EXAMPLE}"
            )
    try:
        # Windows' editors put a byte order mark at the start.
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path} is not valid TOML: {shown(str(error), 200)}", EXAMPLE) from error
