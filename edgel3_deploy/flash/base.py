"""What every flash tool takes and gives: the values between an image and a programmed board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from edgel3_deploy.boards.board import Board, Sector
from edgel3_deploy.errors import FlashError
from edgel3_deploy.progress import Progress


@dataclass(frozen=True)
class Image:
    """`data` belongs at address `origin`, the start of flash; `path` is the file it was read from, if any."""

    data: bytes
    origin: int
    path: Path | None = None

    def sectors(self, board: Board) -> tuple[Sector, ...]:
        """The board's erase sectors that the image touches, ascending."""
        end = self.origin + len(self.data)
        return tuple(s for s in board.sectors if s.origin < end and s.origin + s.size > self.origin)


@dataclass(frozen=True)
class FlashResult:
    """What was done: bytes of the image, numbers of the erased sectors, whether all bytes read back equal."""

    tool: str
    bytes_written: int
    sectors: tuple[int, ...]
    verified: bool

    @property
    def sectors_erased(self) -> int:
        """How many sectors were erased."""
        return len(self.sectors)

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "tool": self.tool,
            "bytes_written": self.bytes_written,
            "sectors": list(self.sectors),
            "verified": self.verified,
        }


class UnreachableError(FlashError):
    """No ROM bootloader answers, and nothing could start it: somebody has to hold BOOT0 high and reset."""


class Flasher(Protocol):
    """One way of programming a board. Raises FlashError, and LinkError where the port itself fails."""

    def __call__(self, image: Image, board: Board, port: str | None, progress: Progress) -> FlashResult: ...


def require_equal(expected: bytes, found: bytes, origin: int) -> None:
    """Compare what was read back with the image; FlashError naming the first difference and their number."""
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
