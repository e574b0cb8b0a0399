"""Which family members fit which boards, kept in the user's cache under a hash of all that decides it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import UsageError
from edgel3_deploy.fileio import read_ordinary, sha256, write_atomically
from edgel3_deploy.models.family import FAMILY
from edgel3_deploy.models.locate import cache_dir

Fits = dict[str, tuple[str, ...]]

_PACKAGE = Path(__file__).resolve().parent.parent
_DECIDING = ("audio", "boards", "graph", "image", "link", "models", "plan")
"""Parts of the package whose code takes part in the search."""


def family_fits(boards: Sequence[Board]) -> Fits:
    """Names of the boards that each member of the family fits, by the member's name.

    Found by planning, once: what is kept counts as long as code, family and boards are the same, and is told
    to people only, so a build never relies on it. A cache that cannot be read or written is done without.
    """
    path = cache_dir() / "fits.json"
    key = _key(boards)
    known = _load(path, key, {board.name for board in boards})
    if known is None:
        from edgel3_deploy.plan.fitting import member_fits

        known = {
            member.name: tuple(board.name for board in boards if member_fits(member, board))
            for member in FAMILY
        }
        with contextlib.suppress(UsageError):
            write_atomically(path, json.dumps({"key": key, "fits": known}, indent=1).encode())
    return known


def _key(boards: Sequence[Board]) -> str:
    files = sorted(path for part in _DECIDING for path in (_PACKAGE / part).glob("*.py"))
    sources = "".join(sha256(path.read_bytes()) for path in files)
    return sha256(f"{sources} {FAMILY!r} {boards!r}".encode())


def _load(path: Path, key: str, names: set[str]) -> Fits | None:
    """What is kept under that key; None if it is something else, or damaged."""
    try:
        content = json.loads(read_ordinary(path))
        if content["key"] != key:
            return None
        found = {member.name: tuple(content["fits"][member.name]) for member in FAMILY}
        return found if all(names.issuperset(fits) for fits in found.values()) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
