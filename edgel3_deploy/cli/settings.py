"""`edgel3-deploy settings`: read and change what a board that runs may be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgel3_deploy.cli.completion import complete_port
from edgel3_deploy.cli.options import (
    add_board,
    build_dir_option,
    build_directory,
    json_option,
    optional_board_option,
)
from edgel3_deploy.cli.output import emit_json, emit_table
from edgel3_deploy.errors import LinkError, UsageError

if TYPE_CHECKING:
    from edgel3_deploy.boards.board import Board
    from edgel3_deploy.link.answers import SettingState
    from edgel3_deploy.link.client import Client

_BAUDRATE = 115_200
"""Of the boards that ship, for when none is named."""


@click.command()
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
@click.option(
    "--port",
    required=True,
    metavar="PORT",
    shell_complete=complete_port,
    help="Serial port such as /dev/ttyACM0; with --board also `auto`, or `virtual` for the virtual board of "
    "its build.",
)
@optional_board_option(
    "Board name, or path of a board file: its baud rate, and who must answer.  [default: 115200 baud]"
)
@build_dir_option
@json_option
def command(
    changes: tuple[str, ...], port: str, board_name: str | None, build_dir: Path | None, as_json: bool
) -> None:
    """Read all settings of a board that runs, or change those named.

    Changes count at once and outlive resets and power cuts, where the board has flash for them.
    """
    from edgel3_deploy.link.settings import parse_changes, setting_names

    names = setting_names()
    wanted = parse_changes(changes)
    with _application(port, board_name, build_dir) as client:
        former = {name: client.read_setting(names[name][0]) for name in wanted or names}
        found = {
            name: client.write_setting(names[name][0], value) for name, value in wanted.items()
        } or former
    if as_json:
        is_kept = all(state.is_kept for state in found.values())
        emit_json(
            "settings", {"is_kept": is_kept, "settings": {name: state.value for name, state in found.items()}}
        )
        return
    if wanted:
        for name, state in found.items():
            click.echo(f"{name}: {former[name].value} -> {state.value} {names[name][1].unit}".rstrip())
    else:
        _emit_settings(found)
    if not all(state.is_kept for state in found.values()):
        click.echo("This image keeps settings in RAM: a reset brings the defaults back.")


@contextmanager
def _application(port: str, board_name: str | None, build_dir: Path | None) -> Iterator[Client]:
    """A session with the application on a port. Raises LinkError if the loader answers, or another board."""
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.link.client import Client
    from edgel3_deploy.link.port import AUTO, VIRTUAL, open_port
    from edgel3_deploy.link.probe import session
    from edgel3_deploy.link.protocol import Role

    if board_name is None:
        if port in (AUTO, VIRTUAL):
            raise UsageError(f"--port {port} does not say which board is meant", add_board())
        with open_port(port, _BAUDRATE) as opened:
            client = Client(opened)
            role, path = client.hello(), port
            _require_application(role is Role.APPLICATION, path)
            yield client
        return
    board = load_board(board_name)
    with _path(board, port, build_dir) as path, session(board, path) as greeted:
        _require_application(greeted.role is Role.APPLICATION, greeted.path)
        there = greeted.client.identify().board
        if there != board.name:
            raise LinkError(
                f"the board on {greeted.path} is {there}, not {board.name}; nothing was changed",
                "Choose the board that is plugged in (--board), or the port of this one (--port).",
            )
        yield greeted.client


@contextmanager
def _path(board: Board, port: str, build_dir: Path | None) -> Iterator[str]:
    """The path of `port`; the virtual board, which needs its build, runs as long as this lasts."""
    from edgel3_deploy.link.discover import find_port
    from edgel3_deploy.link.port import AUTO, VIRTUAL

    if port != VIRTUAL:
        yield find_port(board) if port == AUTO else port
        return
    from edgel3_deploy.pipeline.prepared import load_build_for
    from edgel3_deploy.validate.session import port_path

    build = load_build_for(board, build_directory(board.name, build_dir))
    with port_path(build, port) as path:
        yield path


def _require_application(answers: bool, path: str) -> None:
    if not answers:
        raise LinkError(
            f"the loader answers on {path}: settings belong to the application",
            "Flash an application, or press reset: `edgel3-deploy doctor` says why the loader waits.",
        )


def _emit_settings(found: Mapping[str, SettingState]) -> None:
    """A row for each setting; of those that every label has, only the ones that were changed."""
    from edgel3_deploy.link.settings import setting_names

    declared = {name: setting for name, (_, setting) in setting_names().items()}
    shown = [
        name
        for name, state in found.items()
        if declared[name].count == 1 or state.value != declared[name].default
    ]
    emit_table(
        ("setting", "value", "unit", "default", "meaning"),
        [
            (
                name,
                str(found[name].value),
                declared[name].unit,
                str(declared[name].default),
                declared[name].doc,
            )
            for name in shown
        ],
    )
    if len(shown) < len(found):
        several = dict.fromkeys(f"{s.name}.N ({s.default})" for s in declared.values() if s.count > 1)
        click.echo(f"All others have their defaults: {', '.join(several)}.")
