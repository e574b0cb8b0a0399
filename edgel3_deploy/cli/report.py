"""`edgel3-deploy report`: what validations found, side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgel3_deploy.cli.groups import Group
from edgel3_deploy.cli.options import json_option
from edgel3_deploy.cli.output import emit_json, emit_table

if TYPE_CHECKING:
    from edgel3_deploy.report.diff import Change, Value


@click.group(cls=Group)
def command() -> None:
    """Look at the reports of validations."""


@command.command()
@click.argument("before", type=click.Path(path_type=Path), metavar="A")
@click.argument("after", type=click.Path(path_type=Path), metavar="B")
@json_option
def diff(before: Path, after: Path, as_json: bool) -> None:
    """What is not the same in the reports A and B: verdict, figures, memory, layers, versions.

    A and B are folders that `validate` wrote, or their report.json.
    """
    from edgel3_deploy.link.text import printable
    from edgel3_deploy.report.diff import changes, read_report

    found = changes(read_report(before), read_report(after))
    if as_json:
        emit_json(
            "report-diff", {"changes": [{**asdict(change), "relative": change.relative} for change in found]}
        )
        return
    if not found:
        click.echo("no difference but the time")
        return
    rows = [
        (printable(item.name), printable(_text(item.before)), printable(_text(item.after)), _share(item))
        for item in found
    ]
    emit_table(("what", "A", "B", "change"), rows)


def _text(value: Value) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _share(change: Change) -> str:
    return "" if change.relative is None else f"{change.relative:+.2%}"
