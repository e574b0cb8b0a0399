"""`edgel3-deploy flash`: put the built image on the board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from edgel3_deploy.flash import FlashResult


@click.command()
@board_option
@port_option
@click.option(
    "--via",
    type=click.Choice(["serial", "openocd", "pyocd", "drive", "rom"]),
    help="The loader on the board's serial port; an ST-LINK through OpenOCD, pyOCD or its USB drive; the ROM "
    "bootloader through a USB-UART adapter.  [default: serial]",
)
@click.option("--force", is_flag=True, help="Install an image version below the installed one.")
@build_dir_option
@json_option
def command(
    board_name: str, port: str | None, via: str | None, force: bool, build_dir: Path | None, as_json: bool
) -> None:
    """Program the board with its build, verify it, and ask the board itself which image it runs."""
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.flash import flash_build
    from edgel3_deploy.pipeline.prepared import load_build_for

    board = load_board(board_name)
    build = load_build_for(board, build_directory(board.name, build_dir))
    with ConsoleProgress() as progress:
        result = flash_build(build, port, via=via, force=force, progress=progress)
    if as_json:
        emit_json("flash", result.to_json())
        return
    for line in _summary(board.name, result):
        click.echo(line)


def _summary(board: str, result: FlashResult) -> list[str]:
    """What was done, what the board says of itself, and what is worth knowing."""
    how = "verified" if result.verified else "not read back"
    lines = [
        f"{board}: {result.bytes_written:,} bytes written to {result.sectors_erased} erased sectors "
        f"and {how} ({result.tool})"
    ]
    if result.confirmed_by_board and result.build_id:
        crc = f"CRC 0x{result.crc:08x} and " if result.crc is not None else ""
        slot = f" from slot {result.slot}" if result.slot is not None else ""
        lines.append(
            f"{board}: runs this build{slot}: the board itself reports {crc}build {result.build_id[:12]}"
        )
    return [*lines, *(f"{board}: {note}" for note in result.notes)]
