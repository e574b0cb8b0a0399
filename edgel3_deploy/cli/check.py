"""`edgel3-deploy check`: does a model fit a board, before any compiler runs."""

from __future__ import annotations

from pathlib import Path

import click

from edgel3_deploy.cli.completion import complete_model
from edgel3_deploy.cli.options import board_option, head_option, json_option, ram_option
from edgel3_deploy.cli.output import emit_json, emit_table, emit_usage, emit_warnings, size
from edgel3_deploy.errors import ExitCode


@click.command()
@click.argument("model", metavar="MODEL", shell_complete=complete_model)
@board_option
@ram_option
@head_option("its bytes count too.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    model: str,
    board_name: str,
    ram_limit: int | None,
    head: Path | None,
    as_json: bool,
) -> None:
    """Estimate flash and RAM of MODEL on a board.

    MODEL is a full-int8 .tflite; or a family name, bundled, or an EdgeL3 .h5 or .h5.gz, each judged by its
    shape alone.
    """
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.plan.estimate import estimate_network
    from edgel3_deploy.plan.head_bytes import head_bytes_of
    from edgel3_deploy.plan.remedy import with_remedy
    from edgel3_deploy.plan.source import plannable

    board = load_board(board_name)
    network = plannable(model)
    emit_warnings(network.warnings)
    estimate = estimate_network(network, board, ram_limit=ram_limit, head=head_bytes_of(head, network))
    estimate = with_remedy(estimate, network, board, ram_limit)
    if as_json:
        emit_json("check", estimate.to_json())
    else:
        click.secho(f"{model} on {board.name}", bold=True)
        emit_table(
            ("layer", "flash", "RAM"), [(row.name, size(row.flash), size(row.ram)) for row in estimate.layers]
        )
        emit_usage(
            [
                ("flash", estimate.flash_used, estimate.flash_limit),
                ("RAM", estimate.ram_used, estimate.ram_limit),
            ]
        )
        click.echo(f"peak of the RAM at {estimate.peak_layer}")
        for line in estimate.notes:
            click.echo(line)
        click.secho(
            f"verdict: {estimate.verdict}", bold=True, fg="green" if estimate.verdict == "fits" else "red"
        )
    if estimate.verdict != "fits":
        ctx.exit(int(ExitCode.OVER_BUDGET))
