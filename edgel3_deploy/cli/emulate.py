"""`edgel3-deploy emulate`: a virtual board on a pseudo-terminal."""

from __future__ import annotations

import json
from pathlib import Path

import click

from edgel3_deploy.cli.options import board_option, json_option


@click.command()
@board_option
@click.option(
    "--image",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Start with this ELF or BIN in flash instead of erased.",
)
@click.option(
    "--flash-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the flash contents in this file between runs.",
)
@click.option(
    "--boot0/--no-boot0", default=None, help="Hold the BOOT0 pin high (ROM bootloader) or low (flash)."
)
@json_option
def command(
    board_name: str, image: Path | None, flash_file: Path | None, boot0: bool | None, as_json: bool
) -> None:
    """Start a virtual board, print the path of its serial port, and run until stopped (Ctrl-C)."""
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.emulate import serve

    board = load_board(board_name)

    def ready(port: str) -> None:
        # One line even as JSON: a program that started this reads it while the board runs on.
        click.echo(
            json.dumps({"board": board.name, "port": port}) if as_json else f"{board.name} listens on {port}"
        )

    serve(board, image=image, flash_file=flash_file, boot0=boot0, ready=ready)
