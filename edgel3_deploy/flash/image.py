"""Read the image that goes into flash; refuse what cannot start on the board before anything is erased."""

from __future__ import annotations

import struct
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import read_ordinary
from edgel3_deploy.flash.base import Image, Part
from edgel3_deploy.flash.hexfile import read_hex

_ERASED = b"\xff"
_REBUILD = "Build again with `edgel3-deploy build`."


def load_image(source: Path | bytes, board: Board) -> Image:
    """The image in a build folder, an ELF, a HEX, a BIN for the start of the board's flash, or such bytes.

    Raises BadInputError for an unreadable file, or a place or vector table that does not belong to the board.
    """
    if isinstance(source, bytes):
        return _checked(Image((Part(board.flash.origin, source),)), board, "the image")
    path = source / "firmware.elf" if source.is_dir() else source
    try:
        content = read_ordinary(path)
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror or error}", _REBUILD) from error
    if content.startswith(b":"):
        parts = read_hex(content, str(path))
    else:
        data = _elf_data(content, board, path) if content.startswith(b"\x7fELF") else content
        parts = (Part(board.flash.origin, data),)
    return _checked(Image(parts), board, str(path))


def _elf_data(content: bytes, board: Board, path: Path) -> bytes:
    import io

    from elftools.common.exceptions import ELFError
    from elftools.construct import ConstructError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(io.BytesIO(content))
        segments = [
            (int(segment["p_paddr"]), bytes(segment.data()))
            for segment in elf.iter_segments()
            if segment["p_type"] == "PT_LOAD" and segment["p_filesz"]
        ]
    except (ELFError, ConstructError, KeyError, ValueError, OverflowError, OSError) as error:
        raise BadInputError(f"{path}: damaged ELF file ({error})", _REBUILD) from error
    flash = board.flash
    data = bytearray()
    for address, part in sorted(segments):
        if not flash.origin <= address <= address + len(part) <= flash.end:
            where = f"a segment at 0x{address:08x} lies outside the flash of {board.name}"
            raise BadInputError(f"{path}: {where}", _REBUILD)
        offset = address - flash.origin
        data += _ERASED * (offset - len(data))
        data[offset : offset + len(part)] = part
    return bytes(data)


def _checked(image: Image, board: Board, name: str) -> Image:
    flash = board.flash
    for part in image.parts:
        if not flash.origin <= part.origin <= part.end <= flash.end:
            raise BadInputError(
                f"{name}: {len(part.data):,} bytes at 0x{part.origin:08x} exceed the flash of {board.name} "
                f"({flash.size:,} at 0x{flash.origin:08x})",
                _REBUILD,
            )
    first = image.parts[0] if image.parts else Part(flash.origin, b"")
    if len(first.data) < 8 or first.origin != flash.origin:
        raise BadInputError(f"{name}: {image.size} bytes are no firmware image", _REBUILD)
    stack, entry = struct.unpack_from("<II", first.data)
    stack_fits = any(region.origin < stack <= region.end for region in board.ram)
    if not stack_fits or not entry & 1 or not flash.origin < entry < first.end:
        table = f"stack 0x{stack:08x}, entry 0x{entry:08x}"
        raise BadInputError(
            f"{name}: its vector table ({table}) does not belong to {board.name}",
            "Flash an image that was built for this board.",
        )
    return image
