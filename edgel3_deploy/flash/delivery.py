"""What a build gives to be flashed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgel3_deploy.boards.board import Board
from edgel3_deploy.flash.application import Application, read_application
from edgel3_deploy.flash.confirm import Expected
from edgel3_deploy.image.pack import HEX, application_name

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.prepared import PreparedBuild

_MOST_SLOTS = 2


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
    names = [name for slot in range(_MOST_SLOTS) if (name := application_name(slot)) in build.manifest.files]
    applications = tuple(read_application(build.directory / name, build.board) for name in names)
    crcs = tuple(application.announcement.crc for application in applications)
    return Delivery(
        board=build.board,
        folder=build.directory,
        image=build.directory / HEX if applications else build.elf,
        applications=applications,
        expected=Expected(bytes.fromhex(build.manifest.build_id), crcs),
    )
