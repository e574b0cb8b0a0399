"""How results reach stdout: aligned tables for people, JSON for programs; and where files may be written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from edgel3_deploy.errors import UsageError
from edgel3_deploy.link.text import printable

MOST_WARNINGS = 20


def emit_json(content: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print `content` as indented JSON."""
    click.echo(json.dumps(content, indent=2))


def emit_table(header: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> None:
    """Print rows under a header, columns aligned; columns of numbers to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    numeric = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        return indent + "  ".join(cells).rstrip()

    click.secho(line(header), bold=True)
    for row in rows:
        click.echo(line(row))


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("%", "").replace(
        "-", ""
    ).strip().isdigit() or cell in ("", "-")


def emit_warnings(warnings: Sequence[str]) -> None:
    """Print each warning as a line on stderr; beyond MOST_WARNINGS their number."""
    shown = list(warnings[:MOST_WARNINGS])
    if len(warnings) > len(shown):
        shown.append(f"and {len(warnings) - len(shown):,} more such lines")
    for warning in shown:
        click.secho("Warning: ", fg="yellow", nl=False, err=True)
        click.echo(printable(warning), err=True)


def size(number: int) -> str:
    """A byte count with thousands separators, such as 403,488."""
    return f"{number:,}"


def require_output(output: Path, suffix: str, inputs: Sequence[Path | None]) -> None:
    """UsageError unless `output` ends in `suffix`, is none of the inputs, and its folder can be written."""
    from edgel3_deploy.fileio import require_writable

    if not output.name.lower().endswith(suffix):
        raise UsageError(f"{output}: the name does not end in {suffix}", f"Give one that ends in {suffix}.")
    if any(path is not None and path.resolve() == output.resolve() for path in inputs):
        raise UsageError(f"{output}: would overwrite an input of this command", "Choose another --output.")
    require_writable(output.absolute().parent)
