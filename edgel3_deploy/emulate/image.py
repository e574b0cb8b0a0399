"""What `--image` names: the bytes to put into flash, or the ELF that QEMU loads."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgel3_deploy.boards.board import Region
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import read_ordinary

_ELF_MAGIC = b"\x7fELF"


def load_image(path: Path, flash: Region) -> tuple[tuple[int, bytes], ...]:
    """(address, data) pieces of an ELF's load segments, or of a raw image that starts where the flash does.

    Raises BadInputError if the file cannot be read, is empty, or does not lie within `flash`.
    """
    data = _read(path)
    pieces = _segments(path, data) if data.startswith(_ELF_MAGIC) else ((flash.origin, data),)
    for address, piece in pieces:
        if address < flash.origin or address + len(piece) > flash.end:
            raise BadInputError(
                f"{path} has {len(piece)} bytes at {address:#010x}, outside this board's flash",
                "Was it built for it?",
            )
    if not any(piece for _, piece in pieces):
        raise BadInputError(f"{path} has nothing to put into flash", "Build it again.")
    return pieces


def require_elf(path: Path) -> Path:
    """`path`, if an Arm ELF file with something to load is there. Raises BadInputError."""
    data = _read(path)
    hint = "QEMU's boards run the firmware.elf of the build."
    if not data.startswith(_ELF_MAGIC):
        raise BadInputError(f"{path} is no ELF file", hint)
    if _machine(path, data) != "EM_ARM":
        raise BadInputError(f"{path} is no ELF file for Arm", hint)
    if not _segments(path, data):
        raise BadInputError(f"{path} has nothing to load", hint)
    return path


def _read(path: Path) -> bytes:
    try:
        return read_ordinary(path)
    except OSError as error:
        raise BadInputError(
            f"cannot read image {path}: {error.strerror}", "Name the .elf or .bin of a build."
        ) from error


def _machine(path: Path, data: bytes) -> str:
    with _parsed(path, data) as elf:
        return str(elf["e_machine"])


def _segments(path: Path, data: bytes) -> tuple[tuple[int, bytes], ...]:
    with _parsed(path, data) as elf:
        return tuple(
            (int(segment["p_paddr"]), bytes(segment.data()))
            for segment in elf.iter_segments("PT_LOAD")
            if segment["p_filesz"]
        )


@contextmanager
def _parsed(path: Path, data: bytes) -> Iterator[Any]:
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        yield ELFFile(io.BytesIO(data))
    except (ELFError, ValueError, KeyError, OverflowError, AttributeError, TypeError) as error:
        raise BadInputError(f"{path} is a damaged ELF file: {error}", "Build it again.") from error
