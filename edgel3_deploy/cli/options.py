"""Options that several commands share, so that they read and behave alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

board_option: Decorator = click.option(
    "--board", "-b", "board_name", required=True, metavar="BOARD", help="Board name, or path of a board file."
)
json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON on stdout."
)
model_option: Decorator = click.option(
    "--model",
    "-m",
    default="sea-64",
    show_default=True,
    metavar="MODEL",
    help="Family name, EdgeL3 .h5 or .h5.gz, or full-int8 .tflite.",
)
calibration_option: Decorator = click.option(
    "--calibration",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="WAV recordings like those of the deployment; may be given several times.",
)
build_dir_option: Decorator = click.option(
    "--build-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the build.  [default: build/BOARD]",
)
port_option: Decorator = click.option(
    "--port", metavar="PORT", help="Serial port such as /dev/ttyACM0, or `virtual` for the virtual board."
)


def build_directory(board_name: str, chosen: Path | None) -> Path:
    """Where the build of a board lives: the chosen folder, or build/ and the board's name."""
    return chosen if chosen is not None else Path("build") / board_name
