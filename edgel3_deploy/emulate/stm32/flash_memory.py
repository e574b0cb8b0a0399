"""The flash cells: erasing sets bits sector by sector, programming only clears them, a file keeps them."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from edgel3_deploy.boards.board import Sector
from edgel3_deploy.errors import BadInputError

_ERASED = b"\xff"


class FlashMemory:
    """`size` bytes at `origin`, in memory that the emulated CPU shares.

    With a `file`, that memory is the file's: every change is in it at once and outlives the process, however
    that ends. Raises BadInputError if the file has another size, is in use by another board, or cannot be
    written. `on_change` is told address and size of every change.
    """

    def __init__(self, origin: int, size: int, sectors: tuple[Sector, ...], file: Path | None = None) -> None:
        self.origin = origin
        self.size = size
        self.sectors = sectors
        self.on_change: Callable[[int, int], None] = lambda _address, _size: None
        self._cells = _map_file(file, size) if file else mmap.mmap(-1, size)
        if file is None:
            self._cells[:] = _ERASED * size

    @property
    def host_address(self) -> int:
        """Where the cells are in this process; valid as long as this object lives."""
        return ctypes.addressof(ctypes.c_char.from_buffer(self._cells))

    def contains(self, address: int, size: int = 1) -> bool:
        """Whether all of [address, address + size) is flash."""
        return self.origin <= address and address + size <= self.origin + self.size

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from `address`."""
        start = address - self.origin
        return self._cells[start : start + size]

    def program(self, address: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`; no bit is ever set."""
        start, end = address - self.origin, address - self.origin + len(data)
        now = int.from_bytes(self._cells[start:end], "little") & int.from_bytes(data, "little")
        self._cells[start:end] = now.to_bytes(len(data), "little")
        self.on_change(address, len(data))

    def erase(self, number: int) -> bool:
        """Erase the sector of that number; False if there is none."""
        for sector in self.sectors:
            if sector.number == number:
                start = sector.origin - self.origin
                self._cells[start : start + sector.size] = _ERASED * sector.size
                self.on_change(sector.origin, sector.size)
                return True
        return False

    def is_erased(self, sector: Sector) -> bool:
        """Whether every byte of `sector` is 0xFF."""
        return self.read(sector.origin, sector.size) == _ERASED * sector.size


def _map_file(path: Path, size: int) -> mmap.mmap:
    hint = "Name another flash file, or delete this one to start erased."
    try:
        if not path.exists():
            _create_erased(path, size)
        with path.open("r+b") as stream:
            fcntl.flock(_kept_open(stream.fileno()), fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(stream.fileno()).st_size
            if found != size:
                raise BadInputError(
                    f"{path} is no flash contents of this board: {found} bytes, its flash has {size}", hint
                )
            return mmap.mmap(stream.fileno(), size)
    except BlockingIOError as error:
        raise BadInputError(f"{path} is in use by another virtual board", "Stop that one first.") from error
    except OSError as error:
        raise BadInputError(f"cannot use {path} as flash contents: {error.strerror}", hint) from error


def _kept_open(descriptor: int) -> int:
    """A descriptor that stays open, and with it the lock, until the process ends."""
    return os.dup(descriptor)


def _create_erased(path: Path, size: int) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(_ERASED * size)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
