"""Read the image that goes into flash; refuse what cannot start on the board before anything is erased."""

from __future__ import annotations

import struct
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.flash.base import Image

_ERASED = b"\xff"
_REBUILD = "Build again with `edgel3-deploy build`."


def load_image(source: Path | bytes, board: Board) -> Image:
    """The image in a build folder, an ELF, a BIN that starts at the board's flash origin, or such bytes.

    Raises BadInputError for an unreadable file, or a size or vector table that does not belong to the board.
    """
    if isinstance(source, bytes):
        return _checked(Image(source, board.flash.origin), board, "the image")
    path = source / "firmware.elf" if source.is_dir() else source
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror or error}", _REBUILD) from error
    data = _elf_data(content, board, path) if content.startswith(b"\x7fELF") else content
    return _checked(Image(data, board.flash.origin, path), board, str(path))


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
    if len(image.data) > board.flash.size:
        raise BadInputError(
            f"{name}: {len(image.data):,} bytes exceed the flash of {board.name} ({board.flash.size:,})",
            _REBUILD,
        )
    if len(image.data) < 8:
        raise BadInputError(f"{name}: {len(image.data)} bytes are no firmware image", _REBUILD)
    stack, entry = struct.unpack_from("<II", image.data)
    stack_fits = any(region.origin < stack <= region.end for region in board.ram)
    if not stack_fits or not entry & 1 or not board.flash.origin < entry < image.origin + len(image.data):
        table = f"stack 0x{stack:08x}, entry 0x{entry:08x}"
        raise BadInputError(
            f"{name}: its vector table ({table}) does not belong to {board.name}",
            "Flash an image that was built for this board.",
        )
    return image
