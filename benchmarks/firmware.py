"""What a virtual board is flashed with: rendered, compiled and packed as by a build, changed on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.codegen.files import BUILD_ID_TEXT
from edgel3_deploy.codegen.project import render_project
from edgel3_deploy.codegen.resident import LOADER_FOLDER
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.flash.application import Application, read_application
from edgel3_deploy.flash.confirm import Expected
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.image.layout import FlashLayout
from edgel3_deploy.image.pack import HEX, application_name
from edgel3_deploy.plan.schedule import schedule
from edgel3_deploy.toolchain.gcc import run_make


@dataclass(frozen=True)
class Change:
    """In the project's file `path`, `old`, which stands there exactly once, becomes `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Firmware:
    """Loader and application of a network on a board, made in `folder`."""

    board: Board
    layout: FlashLayout
    folder: Path
    network: Network
    applications: tuple[Application, ...]

    @property
    def hex(self) -> Path:
        """What a debug probe programs: loader and first application."""
        return self.folder / HEX

    @property
    def expected(self) -> Expected:
        """What a board reports that runs it."""
        announcements = [application.announcement for application in self.applications]
        return Expected(announcements[0].build_id, tuple(each.crc for each in announcements))


def make_firmware(
    board: Board,
    layout: FlashLayout,
    model: bytes,
    folder: Path,
    *,
    version: int = 1,
    changes: Sequence[Change] = (),
) -> Firmware:
    """Build `model`, a .tflite, into `folder`, whose objects are used again; `layout` must have slots.

    `changes` apply to the application, and to the loader where it has the same file; the build id stays that
    of the project without them. Raises BadInputError for a change that a file does not take exactly once,
    ToolchainError if the project does not build.
    """
    network = read_network(model)
    plan = schedule(network, board, layout=layout)
    files = changed(render_project(network, board, model, plan=plan, layout=layout, version=version), changes)
    for name, content in files.items():
        path = folder / name
        # Make compiles what is newer than its object.
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    run_make(folder)
    applications = tuple(
        read_application(folder / application_name(number), board) for number in range(len(layout.slots))
    )
    build_id = bytes.fromhex(files[BUILD_ID_TEXT].decode())
    assert all(application.announcement.build_id == build_id for application in applications)
    return Firmware(board, layout, folder, network, applications)


def changed(files: Mapping[str, bytes], changes: Sequence[Change]) -> dict[str, bytes]:
    """`files` of a project with `changes`. Raises BadInputError."""
    result = dict(files)
    for change in changes:
        places = [name for name in (change.path, f"{LOADER_FOLDER}/{change.path}") if name in result]
        if not places:
            raise BadInputError(f"the project has no {change.path}", "Name a file below firmware/.")
        for name in places:
            text = result[name].decode()
            count = text.count(change.old)
            if count != 1:
                raise BadInputError(f"{name} has {change.old!r} {count} times", "Quote what is there once.")
            result[name] = text.replace(change.old, change.new).encode()
    return result
