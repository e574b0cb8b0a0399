"""An application as it goes into a slot: the header that announces it, and the image behind it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import read_ordinary
from edgel3_deploy.image.header import IMAGE_HEADER_SIZE, ImageHeader, ImageHeaderError
from edgel3_deploy.link.answers import Announcement

_REBUILD = "Build again with `edgel3-deploy build`."


@dataclass(frozen=True)
class Application:
    """`image` belongs IMAGE_HEADER_SIZE behind the slot's origin; the loader writes the header itself."""

    announcement: Announcement
    image: bytes


def read_application(path: Path, board: Board) -> Application:
    """The application in a build's file. Raises BadInputError if it is damaged or another board's."""
    try:
        content = read_ordinary(path)
        header = ImageHeader.parse(content)
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror or error}", _REBUILD) from error
    except ImageHeaderError as error:
        raise BadInputError(f"{path}: {error}", _REBUILD) from error
    image = content[IMAGE_HEADER_SIZE:]
    if len(image) != header.size or zlib.crc32(image) != header.crc:
        raise BadInputError(f"{path}: the image is not the one that its header announces", _REBUILD)
    if header.board != board.name:
        raise BadInputError(f"{path}: built for {header.board}, not for {board.name}", _REBUILD)
    announcement = Announcement(
        origin=header.origin,
        size=header.size,
        crc=header.crc,
        version=header.version,
        build_id=header.build_id,
        board=header.board,
    )
    return Application(announcement, image)
