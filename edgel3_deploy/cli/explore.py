"""`edgel3-deploy explore`: what fits a board, and what it costs."""

from __future__ import annotations

from pathlib import Path

import click

from edgel3_deploy.cli.options import board_option, json_option
from edgel3_deploy.cli.output import emit_json, emit_table, size
from edgel3_deploy.cli.progress import ConsoleProgress


@click.command()
@board_option
@click.option(
    "--audio",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="WAV recordings: every other one calibrates, the rest judges.  [default: no fidelity]",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    default="explore.png",
    show_default=True,
    help="Where to draw flash over instructions.",
)
@json_option
def command(board_name: str, audio: tuple[Path, ...], plot: Path, as_json: bool) -> None:
    """Compare variants on a board: flash, RAM, instructions, fidelity of int8."""
    from edgel3_deploy.audio.clips import find_clips
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.compress.explore import explore, explore_plot
    from edgel3_deploy.fileio import write_atomically

    board = load_board(board_name)
    with ConsoleProgress() as progress:
        variants = explore(board, find_clips(audio), progress)
    write_atomically(plot, explore_plot(variants, board))
    if as_json:
        emit_json([variant.to_json() for variant in variants])
        return
    emit_table(
        ("variant", "embedding", "flash", "RAM", "Minstr", "SQNR dB", "cosine median", "verdict"),
        [
            (
                row.name,
                str(row.embedding),
                size(row.flash),
                size(row.ram),
                f"{row.instructions / 1e6:.0f}",
                f"{row.fidelity.sqnr_db:.1f}" if row.fidelity else "-",
                f"{row.fidelity.cosine_median:.4f}" if row.fidelity else "-",
                row.verdict,
            )
            for row in variants
        ],
    )
    click.echo("Flash and RAM leave out code; instructions of the native kernels are modelled.")
    click.echo("Fidelity compares int8 with the variant's own float network, not one variant with another.")
    click.echo(f"plot: {plot}")
