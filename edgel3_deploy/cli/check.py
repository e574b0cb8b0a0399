"""`edgel3-deploy check`: does a model fit a board, before any compiler runs."""

from __future__ import annotations

from pathlib import Path

import click

from edgel3_deploy.cli.options import board_option, json_option
from edgel3_deploy.cli.output import emit_json, emit_table, size
from edgel3_deploy.errors import ExitCode


@click.command()
@click.argument("model", metavar="MODEL.tflite")
@board_option
@json_option
@click.pass_context
def command(ctx: click.Context, model: str, board_name: str, as_json: bool) -> None:
    """Estimate flash and RAM of MODEL.tflite on a board; a family name is judged by its shape alone."""
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.fileio import is_dir, is_file
    from edgel3_deploy.graph.reader import read_network_file
    from edgel3_deploy.models.family import member
    from edgel3_deploy.plan.estimate import estimate_member, estimate_network

    board = load_board(board_name)
    path = Path(model)
    names_a_file = path.suffix == ".tflite" or path.name != model or is_file(path) or is_dir(path)
    if names_a_file:
        network, _ = read_network_file(path, path.stem)
        estimate = estimate_network(network, board)
    else:
        estimate = estimate_member(member(model), board)
    if as_json:
        emit_json(estimate.to_json())
    else:
        click.secho(f"{model} on {board.name}", bold=True)
        emit_table(
            ("layer", "flash", "RAM"), [(row.name, size(row.flash), size(row.ram)) for row in estimate.layers]
        )
        click.echo(f"flash  {size(estimate.flash_used)} of {size(estimate.flash_limit)} bytes")
        click.echo(
            f"RAM    {size(estimate.ram_used)} of {size(estimate.ram_limit)} bytes, "
            f"peak at {estimate.peak_layer}"
        )
        for line in estimate.notes:
            click.echo(line)
        click.secho(
            f"verdict: {estimate.verdict}", bold=True, fg="green" if estimate.verdict == "fits" else "red"
        )
    if estimate.verdict != "fits":
        ctx.exit(int(ExitCode.OVER_BUDGET))
