"""What a shell may complete: boards, models and ports. Nothing here prints, and failures complete nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from edgel3_deploy.errors import EdgeL3DeployError

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_FILE = "file"
"""The type that makes a shell complete paths."""


def _completer(find: Callable[[], Iterable[tuple[str, str]]], *, or_file: bool) -> Completer:
    """Completes what `find` gives, (value, help) each, and paths as well if those are taken too."""

    def complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        items = []
        with contextlib.suppress(EdgeL3DeployError, OSError):
            items = [
                CompletionItem(value, help=text) for value, text in find() if value.startswith(incomplete)
            ]
        return [*items, CompletionItem(incomplete, type=_FILE)] if or_file else items

    return complete


def _boards() -> Iterator[tuple[str, str]]:
    from edgel3_deploy.boards import board_names, load_board

    for name in board_names():
        yield name, load_board(name).title


def _members() -> Iterator[tuple[str, str]]:
    from edgel3_deploy.models.family import FAMILY

    for member in FAMILY:
        yield member.name, f"{member.parameters:,} parameters"


def _models() -> Iterator[tuple[str, str]]:
    yield "bundled", "ships with the package"
    yield from _members()


def _ports() -> Iterator[tuple[str, str]]:
    from edgel3_deploy.link.discover import serial_ports
    from edgel3_deploy.link.port import AUTO

    yield AUTO, "the one that looks like the board"
    yield "virtual", "the virtual board"
    for port in serial_ports():
        yield port.device, port.probe or port.description


complete_board = _completer(_boards, or_file=True)
complete_member = _completer(_members, or_file=False)
complete_model = _completer(_models, or_file=True)
complete_port = _completer(_ports, or_file=True)
