"""`edgel3-deploy emulate`: a virtual board on pseudo-terminals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgel3_deploy.cli.options import board_option, json_option

if TYPE_CHECKING:
    from edgel3_deploy.emulate import Ports


class _Byte(click.ParamType):  # type: ignore[type-arg]
    """A byte, in decimal or as 0x90."""

    name = "byte"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value, 0)
        except ValueError:
            number = -1
        if not 0 <= number <= 0xFF:
            self.fail(f"{value!r} is no byte such as 0x90", param, ctx)
        return number


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
    "--microphone",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Play this recording to the board's microphone, once it is started.",
)
@click.option(
    "--boot0/--no-boot0",
    default=None,
    help="Hold the BOOT0 pin high (ROM bootloader) or low (flash, default).",
)
@click.option(
    "--pace",
    type=click.Choice(["turbo", "real"]),
    default="turbo",
    show_default=True,
    help="Whether UART, flash and clocks take no time to speak of, or that of the chip.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides what varies between runs.")
@click.option(
    "--rom-version", type=_Byte(), metavar="ID", help="Revision of the ROM bootloader, such as 0x90."
)
@click.option("--rom-jitter", is_flag=True, help="STM32F7: the ROM may measure 57600 baud and more wrongly.")
@click.option("--dual-bank", is_flag=True, help="STM32F7: the option byte nDBANK is cleared.")
@click.option(
    "--revision", type=click.Choice(["V", "Y"]), default="V", show_default=True, help="STM32H7: silicon."
)
@click.option("--hse-fails", is_flag=True, help="The external clock never starts.")
@click.option("--hse-sticks", is_flag=True, help="The external clock's ready flag never falls again.")
@json_option
def command(
    board_name: str,
    image: Path | None,
    flash_file: Path | None,
    microphone: Path | None,
    boot0: bool | None,
    seed: int,
    as_json: bool,
    **quirks: Any,
) -> None:
    """Start a virtual board, print the paths of its serial ports, and run until stopped (Ctrl-C)."""
    from edgel3_deploy import schemas
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.emulate import Quirks, serve

    board = load_board(board_name)

    def ready(ports: Ports) -> None:
        # One line even as JSON: a program that started this reads it while the board runs on.
        if as_json:
            content = {"board": board.name, "port": ports.vcp, "adapter": ports.adapter}
            click.echo(json.dumps(schemas.document("emulate", content)))
            return
        click.echo(f"{board.name} listens on {ports.vcp}")
        if ports.adapter:
            click.echo(f"a serial adapter on its ROM bootloader's pins is {ports.adapter}")

    serve(
        board,
        image=image,
        flash_file=flash_file,
        boot0=boot0,
        quirks=Quirks(**quirks),
        seed=seed,
        microphone=microphone,
        ready=ready,
    )
