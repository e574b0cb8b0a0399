"""Options that several commands share, so that they read and behave alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edgel3_deploy.cli.completion import complete_board, complete_model, complete_port

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

board_option: Decorator = click.option(
    "--board",
    "-b",
    "board_name",
    required=True,
    metavar="BOARD",
    shell_complete=complete_board,
    help="Board name, or path of a board file.",
)


def optional_board_option(what_for: str) -> Decorator:
    """The board for commands that can do without; `what_for` is the help."""
    return click.option(
        "--board", "-b", "board_name", metavar="BOARD", shell_complete=complete_board, help=what_for
    )


json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON on stdout."
)


def _default_model(ctx: click.Context, option: click.Parameter, chosen: str | None) -> str:
    """The model asked for; without one sea-64 if it is at hand, else the bundled model, which is said."""
    if chosen is not None or ctx.resilient_parsing:
        return chosen or ""
    from edgel3_deploy.models.locate import BUNDLED, default_model

    model = default_model()
    if model == BUNDLED:
        click.echo("No --model given and sea-64 is not on this machine: using the bundled model.", err=True)
    return model


model_option: Decorator = click.option(
    "--model",
    "-m",
    callback=_default_model,
    metavar="MODEL",
    shell_complete=complete_model,
    help="Family name, bundled, EdgeL3 .h5 or .h5.gz, or full-int8 .tflite.  "
    "[default: sea-64 if it is at hand, else bundled]",
)
calibration_option: Decorator = click.option(
    "--calibration",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Recordings (WAV, FLAC, OGG, ...) like those of the deployment; may be given several times.",
)
optimize_option: Decorator = click.option(
    "--optimize",
    type=click.Choice(["speed", "balanced", "size"]),
    default="balanced",
    show_default=True,
    help="What the native runtime's kernels and memory are chosen for.",
)


class _Size(click.ParamType[int]):
    """Bytes as a whole number, or with K or M for 1,024 or 1,048,576 of them."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"([0-9]{1,15})([KM]?)", str(value).upper())
        if match is None or int(match[1]) == 0:
            self.fail(f"{value!r} is no size: give bytes, or a number with K or M such as 256K", param, ctx)
        return int(match[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20}[match[2]]


size_type = _Size()

ram_option: Decorator = click.option(
    "--ram",
    "ram_limit",
    type=size_type,
    metavar="SIZE",
    help="Most bytes of RAM for all of the image, stack and tensors included, such as 256K.  "
    "[default: the board's]",
)


def head_option(what_for: str) -> Decorator:
    """The head that is compiled in; `what_for` ends the help."""
    return click.option(
        "--head",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="A head.npz, trained by `head train` for this model, or `bundled`, the bundled model's own: "
        f"{what_for}",
    )


by_option: Decorator = click.option(
    "--by",
    type=click.Choice(["instructions", "cycles"]),
    default="instructions",
    show_default=True,
    help="The modelled cost that the native runtime's schedule keeps low.",
)
build_dir_option: Decorator = click.option(
    "--build-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the build.  [default: build/BOARD]",
)
port_option: Decorator = click.option(
    "--port",
    metavar="PORT",
    shell_complete=complete_port,
    help="Serial port such as /dev/ttyACM0, `auto` for the one that looks like the board, or `virtual` "
    "for the virtual board.",
)


def add_board() -> str:
    """A hint to name the board, with the names there are."""
    from edgel3_deploy.boards import board_names

    return f"Add --board {', --board '.join(board_names()[:-1])} or --board {board_names()[-1]}."


def build_directory(board_name: str, chosen: Path | None) -> Path:
    """Where the build of a board lives: the chosen folder, or build/ and the board's name."""
    return chosen if chosen is not None else Path("build") / board_name
