"""What every flash tool takes and gives: the values between an image and a programmed board."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from edgel3_deploy.boards.board import Board, Sector
from edgel3_deploy.errors import FlashError
from edgel3_deploy.progress import Progress


@dataclass(frozen=True)
class Part:
    """Bytes that belong together at address `origin`."""

    origin: int
    data: bytes

    @property
    def end(self) -> int:
        """First address behind the bytes."""
        return self.origin + len(self.data)


@dataclass(frozen=True)
class Image:
    """What goes into flash: ascending parts that do not overlap; gaps between them are left as they are."""

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(len(part.data) for part in self.parts)

    @property
    def origin(self) -> int:
        """Address of the first byte: the vector table from which the chip starts."""
        return self.parts[0].origin

    def sectors(self, board: Board) -> tuple[Sector, ...]:
        """The board's erase sectors that the image touches, ascending."""
        return tuple(
            sector
            for sector in board.sectors
            if any(
                part.origin < sector.origin + sector.size and part.end > sector.origin for part in self.parts
            )
        )


@dataclass(frozen=True)
class FlashResult:
    """What was done: bytes of the image, numbers of the erased sectors, whether all bytes are right.

    `verified` says that the bytes were read back equal, or that the loader's CRC over the flash is the
    image's. `slot`, `crc` and `build_id` are what the board itself reported over serial once it ran;
    `confirmed_by_board` says that they are the build's, and `notes` why not, and what else is worth knowing.
    """

    tool: str
    bytes_written: int
    sectors: tuple[int, ...]
    verified: bool
    slot: int | None = None
    crc: int | None = None
    build_id: str | None = None
    confirmed_by_board: bool = False
    notes: tuple[str, ...] = ()

    @property
    def sectors_erased(self) -> int:
        """How many sectors were erased."""
        return len(self.sectors)

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values; `crc` as eight hexadecimal digits."""
        return {
            **asdict(self),
            "sectors": list(self.sectors),
            "crc": None if self.crc is None else f"{self.crc:08x}",
            "notes": list(self.notes),
        }


class Flasher(Protocol):
    """One way of programming a board. Raises FlashError, and LinkError where the port itself fails."""

    def __call__(self, image: Image, board: Board, port: str | None, progress: Progress) -> FlashResult: ...


def require_equal(part: Part, found: bytes) -> None:
    """Compare what was read back with the image; FlashError naming the first difference and their number."""
    expected, origin = part.data, part.origin
    if found == expected:
        return
    if len(found) != len(expected):
        raise FlashError(
            f"read-back returned {len(found)} bytes instead of {len(expected)}",
            "Reset the board and flash it again.",
        )
    differing = [index for index, pair in enumerate(zip(expected, found, strict=True)) if pair[0] != pair[1]]
    first = differing[0]
    raise FlashError(
        f"read-back mismatch at 0x{origin + first:08x}: expected 0x{expected[first]:02x}, "
        f"found 0x{found[first]:02x} ({len(differing)} of {len(expected)} bytes differ)",
        "Flash again; if it stays, the flash is worn, write-protected or not this board's.",
    )
