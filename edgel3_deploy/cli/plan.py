"""`edgel3-deploy plan`: which kernels, strips and places the native runtime takes, and why."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgel3_deploy.cli.completion import complete_model
from edgel3_deploy.cli.options import (
    board_option,
    by_option,
    head_option,
    json_option,
    optimize_option,
    ram_option,
)
from edgel3_deploy.cli.output import emit_json, emit_table, emit_warnings, size

if TYPE_CHECKING:
    from edgel3_deploy.plan.goal import Goal
    from edgel3_deploy.plan.measure import Measure


@click.command()
@click.argument("model", metavar="MODEL", shell_complete=complete_model)
@board_option
@optimize_option
@ram_option
@by_option
@head_option("its bytes count too.")
@json_option
def command(
    model: str,
    board_name: str,
    optimize: Goal,
    ram_limit: int | None,
    by: Measure,
    head: Path | None,
    as_json: bool,
) -> None:
    """Explain the schedule of MODEL on a board.

    MODEL is a full-int8 .tflite; or a family name, bundled, or an EdgeL3 .h5 or .h5.gz, each scheduled by its
    shape alone.
    """
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.plan.head_bytes import head_bytes_of
    from edgel3_deploy.plan.limits import constants_limit
    from edgel3_deploy.plan.planner import capacities
    from edgel3_deploy.plan.schedule import schedule
    from edgel3_deploy.plan.source import plannable
    from edgel3_deploy.plan.table import resident_table, schedule_rows, schedule_table

    board = load_board(board_name)
    network = plannable(model)
    emit_warnings(network.warnings)
    labels = head_bytes_of(head, network)
    chosen = schedule(network, board, optimize, ram_limit=ram_limit, by=by, head=labels)
    header, *rows = schedule_table(chosen)
    if as_json:
        emit_json(
            "plan",
            {
                "model": network.name,
                "board": board.name,
                "goal": chosen.goal,
                "reason": chosen.reason,
                "by": chosen.by,
                "modelled_instructions": chosen.instructions,
                "modelled_cycles": chosen.cycles,
                "constant_bytes": chosen.constant_bytes,
                "flash_bytes": chosen.flash_bytes,
                "arenas": dict(chosen.arenas),
                "steps": [dataclasses.asdict(row) for row in schedule_rows(chosen)],
                "front_end": None if chosen.front_end is None else dataclasses.asdict(chosen.front_end),
                "residents": [dataclasses.asdict(found) for found in chosen.residents],
                "groups": [[dataclasses.asdict(step.kernel) for step in g.steps] for g in chosen.groups],
            },
        )
        return
    click.secho(f"{network.name} on {board.name}, optimized for {chosen.goal}: {chosen.reason}", bold=True)
    emit_table(header, rows)
    click.echo("Steps of one strip take turns row by row; of the maps between them the last rows are kept.")
    kept_header, *kept = resident_table(chosen)
    if kept:
        click.echo("Made once at start, in RAM that is left:")
        emit_table(kept_header, kept)
    if chosen.front_end is not None:
        click.echo(f"front end: {chosen.front_end.text}")
    free = capacities(network, board)
    for region, used in chosen.arenas:
        click.echo(f"{region}: {size(used)} of {size(free[region])} bytes free for buffers")
    room = constants_limit(board) - labels.flash
    code = chosen.flash_bytes - chosen.constant_bytes
    click.echo(
        f"constants: {size(chosen.constant_bytes)} of {size(room)} bytes of flash free for them; "
        f"the kernels' code takes about {size(code)}"
    )
    click.echo(
        f"about {chosen.instructions / 1e6:.1f} million instructions, "
        f"{chosen.cycles / 1e6:.1f} million cycles (modelled, not measured); chosen by {chosen.by}"
    )
