"""How results reach stdout: aligned tables for people, JSON for programs; and where files may be written."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from edgel3_deploy import schemas
from edgel3_deploy.errors import UsageError
from edgel3_deploy.link.text import printable

MOST_WARNINGS = 20


def colour() -> bool | None:
    """False where nothing may be coloured (NO_COLOR, dumb terminals); None: click decides."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def emit_json(kind: str, content: Mapping[str, Any]) -> None:
    """Print `content` as an indented JSON document of that kind."""
    click.echo(json.dumps(schemas.document(kind, content), indent=2))


def emit_table(header: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> None:
    """Print rows under a header, columns aligned; columns of numbers to the right.

    What is too wide for a terminal is wrapped inside its column; pipes and files get whole lines.
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    numeric = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(header))]

    if sys.stdout.isatty() and len(indent) + sum(widths) + 2 * (len(widths) - 1) > terminal_width():
        _emit_narrow(header, rows, numeric, indent)
        return

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        return indent + "  ".join(cells).rstrip()

    click.secho(line(header), bold=True)
    for row in rows:
        click.echo(line(row))


def terminal_width() -> int:
    """Columns of the terminal on stdout."""
    return shutil.get_terminal_size().columns


def _emit_narrow(
    header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool], indent: str
) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for title, right in zip(header, numeric, strict=True):
        table.add_column(Text(title), justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=terminal_width(), highlight=False).print(Padding(table, (0, 0, 0, len(indent))))


def emit_usage(rows: Sequence[tuple[str, int, int]]) -> None:
    """Print a table of memories: bytes used of a limit, and a bar for the share."""
    emit_table(
        ("memory", "used", "limit", "share", ""),
        [
            (name, size(used), size(limit), _share(used, limit), bar(used, limit))
            for name, used, limit in rows
        ],
    )


def _share(used: int, limit: int) -> str:
    return f"{used / limit:.1%}" if limit else "-"


def bar(used: int, limit: int, width: int = 24) -> str:
    """`used` of `limit` as a bar of blocks, or of ASCII where stdout cannot show those; over is marked."""
    full, empty = ("█", "░") if _shows("█░") else ("#", ".")
    filled = min(width, -(-used * width // limit)) if limit else width
    return full * filled + empty * (width - filled) + (" over" if used > limit else "")


def _shows(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


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
