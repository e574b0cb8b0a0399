"""`edgel3-deploy flash`: put the built image on the board."""

from __future__ import annotations

from pathlib import Path

import click

from edgel3_deploy.cli.options import (
    board_option,
    build_dir_option,
    build_directory,
    json_option,
    port_option,
)
from edgel3_deploy.cli.output import emit_json
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import UsageError


@click.command()
@board_option
@port_option
@click.option(
    "--via",
    type=click.Choice(["rom", "openocd", "pyocd"]),
    default="rom",
    show_default=True,
    help="ROM bootloader over serial, or an ST-LINK through OpenOCD or pyOCD.",
)
@build_dir_option
@json_option
def command(board_name: str, port: str | None, via: str, build_dir: Path | None, as_json: bool) -> None:
    """Program the board with its build, and verify every byte by reading it back."""
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.flash import flash_build
    from edgel3_deploy.pipeline.prepared import load_build_for

    board = load_board(board_name)
    if via == "rom" and not port:
        raise UsageError("flashing over serial needs a port", "Add --port /dev/ttyACM0, or --port virtual.")
    build = load_build_for(board, build_directory(board.name, build_dir))
    with ConsoleProgress() as progress:
        result = flash_build(build, port, via=via, progress=progress)
    if as_json:
        emit_json(result.to_json())
        return
    click.echo(
        f"{board.name}: {result.bytes_written:,} bytes written to {result.sectors_erased} erased sectors "
        f"and verified by read-back ({result.tool})"
    )
