"""The flash cells: erasing sets bits sector by sector, programming only clears them, a file keeps them."""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from edgel3_deploy.boards.board import Board, Sector
from edgel3_deploy.emulate.stm32.ecc import FLASH_WORD, PoisonedWords
from edgel3_deploy.emulate.stm32.power_cut import PowerCut, PowerLost
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import try_lock, unlock

_ERASED = b"\xff"
_F7_WORD = 4


class FlashMemory:
    """`size` bytes at `origin`, in memory that the emulated CPU shares.

    With a `file`, that memory is the file's: every change is in it at once and outlives the process, however
    that ends. `word` is what one programming operation writes, in bytes. With `ecc`, words carry check bits:
    one that is programmed twice, or torn, is poisoned until its sector is erased, which is kept beside the
    file as `FILE.ecc`. Raises BadInputError if a file has another size, is in use by another board, or cannot
    be used. `on_change` is told address and size of every change, `on_double_error`
    the address of every poisoned word that the CPU reads.

    `operations` counts erased sectors and programmed words. When the number of `cut` comes, that operation
    is left half done and PowerLost is raised, then and at every later one.
    """

    def __init__(
        self,
        origin: int,
        size: int,
        sectors: tuple[Sector, ...],
        file: Path | None = None,
        *,
        word: int = 4,
        ecc: bool = False,
    ) -> None:
        self.origin = origin
        self.size = size
        self.sectors = sectors
        self.operations = 0
        self.cut: PowerCut | None = None
        self.on_change: Callable[[int, int], None] = lambda _address, _size: None
        self.on_double_error: Callable[[int], None] = lambda _address: None
        self._word = word
        self._ecc = ecc
        beside = file.with_name(f"{file.name}.ecc") if file and ecc else None
        if file and beside and not file.exists():
            beside.unlink(missing_ok=True)
        self._lock: int | None = None
        if file:
            self._cells, self._lock = _map_file(file, size)
        else:
            self._cells = mmap.mmap(-1, size)
            self._cells[:] = _ERASED * size
        self.poisoned = PoisonedWords(beside)

    def close(self) -> None:
        """Leave the file to other boards; nothing may be done with this memory afterwards."""
        if self._lock is not None:
            # The mapping keeps the file open, and with it the lock.
            unlock(self._lock)
            os.close(self._lock)
            self._lock = None

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

    def load(self, pieces: Sequence[tuple[int, bytes]]) -> None:
        """Fill the whole flash: erased but for `pieces` of (address, data), as a programmer leaves it."""
        self._cells[:] = _ERASED * self.size
        self.poisoned.heal(self.origin, self.size)
        for address, data in pieces:
            start = address - self.origin
            self._cells[start : start + len(data)] = data
        self.on_change(self.origin, self.size)

    def program(self, address: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`, word by word; no bit is ever set. Raises PowerLost."""
        at = address
        while at < address + len(data):
            end = min(address + len(data), (at // self._word + 1) * self._word)
            self._program_word(at, data[at - address : end - address])
            at = end

    def erase(self, number: int) -> bool:
        """Erase the sector of that number; False if there is none. Raises PowerLost."""
        sector = next((sector for sector in self.sectors if sector.number == number), None)
        if sector is None:
            return False
        cut = self._begin()
        start = sector.origin - self.origin
        place = slice(start, start + sector.size)
        if cut:
            torn = cut.torn_erase(self._cells[place])
            if self._ecc:
                self.poisoned.heal(sector.origin, sector.size)
                self.poisoned.add(*((sector.origin + offset, size) for offset, size in torn.unsure))
            self._cells[place] = torn.cells
        else:
            self._cells[place] = _ERASED * sector.size
            self.poisoned.heal(sector.origin, sector.size)
        self._end(sector.origin, sector.size, cut)
        return True

    def _program_word(self, address: int, data: bytes) -> None:
        if self._ecc:
            # Check bits belong to a whole word: what is not given is programmed as ones.
            start = address // self._word * self._word
            data = data.rjust(address - start + len(data), _ERASED).ljust(self._word, _ERASED)
            address = start
        cut = self._begin()
        place = slice(address - self.origin, address - self.origin + len(data))
        old = self._cells[place]
        new = (int.from_bytes(old, "little") & int.from_bytes(data, "little")).to_bytes(len(data), "little")
        twice = old != data and old != _ERASED * len(data)
        if self._ecc and (cut or twice):
            self.poisoned.add((address, len(data)))
        self._cells[place] = cut.torn_program(old, data) if cut else new
        self._end(address, len(data), cut)

    def _begin(self) -> PowerCut | None:
        """Count an operation; the cut that it does not survive, if it is that one."""
        if self.cut and self.operations >= self.cut.operation:
            raise PowerLost(self.operations)
        self.operations += 1
        return self.cut if self.cut and self.operations == self.cut.operation else None

    def _end(self, address: int, size: int, cut: PowerCut | None) -> None:
        if cut:
            raise PowerLost(self.operations)
        self.on_change(address, size)

    def is_erased(self, sector: Sector) -> bool:
        """Whether every byte of `sector` is 0xFF."""
        return self.read(sector.origin, sector.size) == _ERASED * sector.size


def flash_of(board: Board, file: Path | None) -> FlashMemory:
    """The flash of `board`'s chip, kept in `file` if one is named. Raises BadInputError."""
    ecc = board.family == "stm32h7"
    word = FLASH_WORD if ecc else _F7_WORD
    return FlashMemory(board.flash.origin, board.flash.size, board.sectors, file, word=word, ecc=ecc)


def _map_file(path: Path, size: int) -> tuple[mmap.mmap, int]:
    """The file's contents, and the descriptor that holds the lock on it."""
    hint = "Name another flash file, or delete this one to start erased."
    try:
        if not path.exists():
            _create_erased(path, size)
        with path.open("r+b") as stream:
            if not try_lock(stream):
                raise BadInputError(f"{path} is in use by another virtual board", "Stop that one first.")
            found = os.fstat(stream.fileno()).st_size
            if found != size:
                raise BadInputError(
                    f"{path} is no flash contents of this board: {found} bytes, its flash has {size}", hint
                )
            return mmap.mmap(stream.fileno(), size), os.dup(stream.fileno())
    except OSError as error:
        raise BadInputError(f"cannot use {path} as flash contents: {error.strerror}", hint) from error


def _create_erased(path: Path, size: int) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(_ERASED * size)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
