"""Where the data that ships with the package lives: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _data_dir(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def schemas_dir() -> Path:
    """Folder of the JSON Schemas."""
    return _PACKAGE / "_schemas"


def templates_dir() -> Path:
    """Folder of the Jinja templates."""
    return _data_dir("templates")


def firmware_dir() -> Path:
    """Folder of the C sources that depend on neither the model nor the board."""
    return _data_dir("firmware")


def boards_dir() -> Path:
    """Folder of the built-in board files (TOML)."""
    return _data_dir("boards")
