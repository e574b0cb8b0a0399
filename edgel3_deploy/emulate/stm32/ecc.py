"""ECC of the STM32H7's flash: words whose check bits do not fit their content (RM0433 section 4.3)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from edgel3_deploy.errors import BadInputError

FLASH_WORD = 32
"""Bytes that share one set of check bits."""


class PoisonedWords:
    """Addresses of flash words with a double error: reading one is a bus fault until its sector is erased.

    With a `file`, the addresses are kept there, one in hexadecimal a line; without any there is no file.
    `on_change` is told when there are others. Raises BadInputError if the file cannot be used.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._file = file
        self._words = _load(file) if file else set()

    def __bool__(self) -> bool:
        return bool(self._words)

    def within(self, address: int, size: int) -> int | None:
        """The first poisoned word that [address, address + size) touches, None without one."""
        first = address // FLASH_WORD * FLASH_WORD
        if not self._words:
            return None
        return next((word for word in range(first, address + size, FLASH_WORD) if word in self._words), None)

    def blocks(self, size: int) -> tuple[int, ...]:
        """Addresses of the blocks of `size` bytes that hold poisoned words."""
        return tuple(sorted({word // size * size for word in self._words}))

    def add(self, *ranges: tuple[int, int]) -> None:
        """Poison every word that one of the `ranges` of (address, size) touches."""
        added = {
            word
            for address, size in ranges
            for word in range(address // FLASH_WORD * FLASH_WORD, address + size, FLASH_WORD)
        }
        self._replace(self._words | added)

    def heal(self, address: int, size: int) -> None:
        """[address, address + size) was erased."""
        self._replace(self._words - set(range(address, address + size, FLASH_WORD)))

    def _replace(self, words: set[int]) -> None:
        if words == self._words:
            return
        self._words = words
        if self._file:
            _save(self._file, words)
        self.on_change()


def _load(path: Path) -> set[int]:
    try:
        return {int(line, 16) for line in path.read_text("ascii").split()}
    except FileNotFoundError:
        return set()
    except (OSError, ValueError) as error:
        raise BadInputError(
            f"cannot use {path} as the ECC state of a flash file: {error}", "Delete it with its flash file."
        ) from error


def _save(path: Path, words: set[int]) -> None:
    """Replace the file at once: a reader finds the old state or the new one."""
    if not words:
        path.unlink(missing_ok=True)
        return
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.writelines(f"{word:#010x}\n" for word in sorted(words))
    Path(name).replace(path)
