"""`edgel3-deploy explore`: what fits a board, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgel3_deploy.cli.completion import complete_model
from edgel3_deploy.cli.options import board_option, json_option, ram_option
from edgel3_deploy.cli.output import emit_json, emit_table, emit_warnings, require_output, size
from edgel3_deploy.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from edgel3_deploy.boards.board import Board
    from edgel3_deploy.compress.explore import Variant


@click.command()
@board_option
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    metavar="MODEL",
    shell_complete=complete_model,
    help="Family name, bundled, EdgeL3 .h5 or .h5.gz, or full-int8 .tflite; may be given several times.  "
    "[default: the family's weights at hand, else bundled]",
)
@click.option(
    "--audio",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Recordings: every other one calibrates, the rest judges.  [default: no fidelity]",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to draw flash, RAM, weights and fidelity over instructions.  "
    "[default: explore.png if the extra `plot` is installed, else nowhere]",
)
@ram_option
@json_option
def command(
    board_name: str,
    models: tuple[str, ...],
    audio: tuple[Path, ...],
    plot: Path | None,
    ram_limit: int | None,
    as_json: bool,
) -> None:
    """Compare variants on a board: weights, flash, RAM, instructions, fidelity of int8.

    Each model also comes pruned by the published plans, cut after conv7, conv6 and conv5 and with half its
    filters (see `prune`), and each of these with every goal of `build --optimize`. The family's other members
    are judged by their shape.
    """
    from edgel3_deploy.audio.finding import search
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.compress.explore import explore
    from edgel3_deploy.compress.explore_plot import explore_plot
    from edgel3_deploy.extras import install_command, lacking, require_extra
    from edgel3_deploy.fileio import write_atomically

    if plot is None:
        plot = None if lacking("plot") else Path("explore.png")
    else:
        require_extra("plot", "--plot")
    if plot is not None:
        require_output(plot, ".png", ())
    board = load_board(board_name)
    found = search(audio)
    emit_warnings(found.warnings)
    recordings = found.paths
    if len(recordings) == 1:
        emit_warnings(["fidelity needs two recordings, one to calibrate and one to judge; there is one"])
    with ConsoleProgress() as progress:
        variants = explore(board, models, recordings, progress, ram_limit)
    if plot is not None:
        write_atomically(plot, explore_plot(variants, board))
    if as_json:
        emit_json("explore", {"board": board.name, "variants": [variant.to_json() for variant in variants]})
        return
    _show(variants, board)
    click.echo(f"plot: {plot}" if plot is not None else f"no plot: {install_command('plot')}")


def _show(variants: tuple[Variant, ...], board: Board) -> None:
    from edgel3_deploy.image.layout import flash_layout
    from edgel3_deploy.plan.estimate import flash_parts

    ram = sum(region.size for region in board.ram)
    click.secho(
        f"{board.name}: {size(board.flash.size)} bytes of flash, {size(ram)} bytes of RAM, native runtime",
        bold=True,
    )
    emit_table(
        (
            "variant",
            "optimize",
            "embedding",
            "not zero",
            "sparse",
            "flash",
            "RAM",
            "Minstr",
            "SQNR dB",
            "cosine median",
            "verdict",
        ),
        [
            (
                row.name,
                row.optimize,
                str(row.embedding),
                size(row.nonzeros),
                f"{row.sparsity:.1%}",
                size(row.flash),
                size(row.ram),
                f"{row.instructions / 1e6:,.1f}",
                f"{row.fidelity.sqnr_db:.1f}" if row.fidelity else "-",
                f"{row.fidelity.cosine_median:.4f}" if row.fidelity else "-",
                row.verdict,
            )
            for row in variants
        ],
    )
    click.echo("Flash and RAM are estimates: other code takes 8 to 14 KB of flash more.")
    parts = flash_parts(flash_layout(board))
    if parts:
        click.echo(f"Flash counts {parts}.")
    click.echo("Minstr: million instructions of one inference, modelled; docs/compression.md says how well.")
    click.echo(
        '"sparse" rows are pruned and have not learned again: recover the one you pick with '
        "prune --sparsity PLAN --finetune DIR."
    )
    click.echo(
        "SQNR and cosine compare int8 with the variant's own float network, not one variant with another;"
    )
    click.echo('"-" where there are no weights or recordings, where nothing fits, and for half the filters,')
    click.echo(
        "which must first learn again: edgel3-deploy prune --structured --sparsity half --finetune DIR."
    )
