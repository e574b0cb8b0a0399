"""From linked bytes to what is flashed: an application with its header, and all of the flash with the loader.

It needs nothing but the standard library: in a build folder the Makefile calls it as `python3 -m image.pack`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# Relative, since the folder goes into build folders as a package of its own.
from .header import IMAGE_HEADER_SIZE, LENGTH, ImageHeaderError, header_for
from .hexfile import to_hex

HEX = "firmware.hex"
BIN = "firmware.bin"
SHIPPED = ("__init__.py", "header.py", "hexfile.py", "pack.py")
"""The files of this folder that a build folder needs."""
_ERASED = b"\xff"


def application_name(slot: int) -> str:
    """The file with header and image for a slot."""
    return f"application-{slot}.bin" if slot else "application.bin"


def pack_application(image: bytes, *, origin: int, board: str, build_id: bytes, version: int) -> bytes:
    """What a slot at `origin` holds: header, erased up to IMAGE_HEADER_SIZE, image.

    Raises ImageHeaderError for values that no header can have.
    """
    header = header_for(image, origin=origin, board=board, build_id=build_id, version=version)
    return header.pack().ljust(IMAGE_HEADER_SIZE, _ERASED) + image


def pack_flash(
    loader: bytes, flash_origin: int, applications: Mapping[int, bytes]
) -> tuple[tuple[int, bytes], ...]:
    """Address and content of what a blank board is programmed with; `applications` by their slot's origin.

    The application of the first slot is installed. The header of another slot is cleared, so that no earlier
    image there can be preferred.
    """
    first, *others = sorted(applications)
    cleared = ((origin, bytes(LENGTH)) for origin in others)
    return ((flash_origin, loader), (first, applications[first]), *cleared)


def to_bin(parts: Sequence[tuple[int, bytes]]) -> bytes:
    """The bytes from the first part's address to the end of the last, gaps erased."""
    start = min(address for address, _ in parts)
    content = bytearray()
    for address, part in sorted(parts):
        content += _ERASED * (address - start - len(content)) + part
    return bytes(content)


def pack_files(
    images: Mapping[int, bytes],
    loader: bytes,
    flash_origin: int,
    *,
    board: str,
    build_id: bytes,
    version: int,
) -> dict[str, bytes]:
    """All files that are made from the linked bytes, by name; `images` by their slot's origin.

    Raises ImageHeaderError for values that no header can have, or a loader that reaches into a slot.
    """
    applications = {
        origin: pack_application(image, origin=origin, board=board, build_id=build_id, version=version)
        for origin, image in sorted(images.items())
    }
    if flash_origin + len(loader) > min(applications):
        raise ImageHeaderError(
            f"the loader of {len(loader):,} bytes reaches into the slot at {min(applications):#010x}"
        )
    parts = pack_flash(loader, flash_origin, applications)
    return {
        **{application_name(slot): content for slot, content in enumerate(applications.values())},
        BIN: to_bin(parts),
        HEX: to_hex(parts),
    }


def main() -> None:
    """The command line: reads the linked bytes, writes the files into the current folder."""
    parser = argparse.ArgumentParser(prog="image.pack", description=__doc__)
    parser.add_argument("--board", required=True, help="the board's name")
    parser.add_argument("--version", required=True, type=_number, help="the image's version, a 32-bit number")
    parser.add_argument("--build-id", required=True, type=Path, help="file with the build id in hexadecimal")
    parser.add_argument("--flash", required=True, type=_number, help="address of the flash")
    parser.add_argument("--loader", required=True, type=Path, help="bytes of the loader")
    parser.add_argument(
        "--slot", required=True, action="append", nargs=2, metavar=("ADDRESS", "FILE"), help="bytes of a slot"
    )
    options = parser.parse_args()
    try:
        files = pack_files(
            {_number(origin): Path(name).read_bytes() for origin, name in options.slot},
            options.loader.read_bytes(),
            options.flash,
            board=options.board,
            build_id=bytes.fromhex(options.build_id.read_text()),
            version=options.version,
        )
        for name, content in files.items():
            Path(name).write_bytes(content)
    except (OSError, ValueError) as error:
        sys.exit(f"image.pack: {error}")


def _number(text: str) -> int:
    return int(text, 0)


if __name__ == "__main__":
    main()
