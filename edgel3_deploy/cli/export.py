"""`edgel3-deploy export`: a network, its front end and its head as a library for other people's projects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgel3_deploy.cli.options import (
    by_option,
    calibration_option,
    head_option,
    json_option,
    model_option,
    optimize_option,
    size_type,
)
from edgel3_deploy.cli.output import emit_json, emit_table, emit_warnings, size
from edgel3_deploy.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from edgel3_deploy.export.exporter import ExportResult
    from edgel3_deploy.plan.goal import Goal
    from edgel3_deploy.plan.measure import Measure

FORMATS = ("c", "cmake", "zephyr", "platformio", "arduino", "cubeide", "cmsis-pack")
"""As edgel3_deploy.export.formats has them, which only an export needs."""


@click.command()
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    required=True,
    help="What kind of project takes the library.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Folder of the export.",
)
@model_option
@head_option("the library then gives labels too.")
@click.option("--no-front-end", is_flag=True, help="The library takes int8: it does not make it from PCM.")
@click.option(
    "--prefix",
    default="edgel3",
    show_default=True,
    metavar="NAME",
    help="What all names in C begin with: another one for each network in an image.",
)
@optimize_option
@click.option(
    "--ram",
    "ram_limit",
    type=size_type,
    metavar="SIZE",
    help="Most bytes of the arena, such as 128K; what the network leaves of them is filled at start with "
    "what saves work.  [default: 256K, of which nothing is filled]",
)
@by_option
@calibration_option
@json_option
def command(
    format_name: str,
    output: Path,
    model: str,
    head: Path | None,
    no_front_end: bool,
    prefix: str,
    optimize: Goal,
    ram_limit: int | None,
    by: Measure,
    calibration: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Export the network, its front end and its head as a C library with example, README and licence.

    What is exported may be used without any condition (0BSD).
    """
    from edgel3_deploy.export.exporter import ExportRequest, export
    from edgel3_deploy.head.adapt import locate_head

    request = ExportRequest(
        model=model,
        format=format_name,
        output=output,
        prefix=prefix,
        head=None if head is None else locate_head(head),
        front_end=not no_front_end,
        optimize=optimize,
        by=by,
        ram_limit=ram_limit,
        calibration=calibration,
    )
    with ConsoleProgress() as progress:
        result = export(request, progress=progress)
    emit_warnings(result.warnings)
    if as_json:
        emit_json("export", result.to_json())
        return
    _show(result)


def _show(result: ExportResult) -> None:
    content: dict[str, Any] = dict(result.content)
    click.secho(f"{result.directory}: {result.package.summary}", bold=True)
    rows = [
        ("arena", size(content["arena"]["bytes"]), f"of RAM, aligned to {content['arena']['alignment']}"),
        (
            "input, output",
            size(content["input"]["bytes"] + content["output"]["bytes"]),
            "of RAM, the caller's",
        ),
        ("stack", size(content["stack_bytes"]), "of the caller's"),
        ("flash", size(content["flash_bytes"]), "estimated"),
    ]
    emit_table(("memory", "bytes", ""), rows)
    click.echo(
        f"about {content['modelled_instructions'] / 1e6:.1f} million instructions an inference (modelled)"
    )
    click.echo(
        f"{result.directory / 'README.md'} says how to add it, and how to check that it is exact there"
    )
