"""What a build gives to be flashed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgel3_deploy.boards.board import Board
from edgel3_deploy.flash.application import Application, read_application
from edgel3_deploy.flash.confirm import Expected
from edgel3_deploy.flash.image import load_image

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.prepared import PreparedBuild


@dataclass(frozen=True)
class Delivery:
    """`image` holds everything for a blank board, `applications` what the loader takes, one for each slot.

    A build without loader has no applications. `folder` is the build's, `expected` what the board reports
    once it runs the build.
    """

    board: Board
    folder: Path
    image: Path
    applications: tuple[Application, ...]
    expected: Expected


def delivery(build: PreparedBuild) -> Delivery:
    """The delivery of a finished build. Raises BadInputError if its files are damaged."""
    applications = tuple(read_application(path, build.board) for path in build.applications)
    build_id = bytes.fromhex(build.manifest.build_id)
    if applications:
        expected = Expected(build_id, tuple(application.announcement.crc for application in applications))
    else:
        (part,) = load_image(build.bin, build.board).parts
        expected = Expected(build_id, bare=part.data)
    return Delivery(build.board, build.directory, build.hex, applications, expected)
