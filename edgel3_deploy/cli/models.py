"""`edgel3-deploy models`: the EdgeL3 family and how to get its weights."""

from __future__ import annotations

from typing import Any

import click

from edgel3_deploy.cli.completion import complete_member
from edgel3_deploy.cli.groups import Group
from edgel3_deploy.cli.options import json_option
from edgel3_deploy.cli.output import emit_json, emit_table
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import BadInputError


def _rows() -> list[dict[str, Any]]:
    from edgel3_deploy.boards import board_names, load_board
    from edgel3_deploy.models.family import FAMILY
    from edgel3_deploy.models.locate import find_weights
    from edgel3_deploy.plan.remembered import family_fits

    fits = family_fits([load_board(name) for name in board_names()])
    rows = []
    for member in FAMILY:
        path = find_weights(member)
        rows.append(
            {
                "name": member.name,
                "input": [member.n_mels, member.frames],
                "filters": list(member.filters),
                "embedding": member.embedding,
                "parameters": member.parameters,
                "int8_bytes": member.int8_weight_bytes,
                "path": str(path) if path else None,
                "fits": list(fits[member.name]),
            }
        )
    return rows


@click.group(cls=Group, invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the EdgeL3 family: what each model is, whether its weights are at hand, which boards it fits."""
    if ctx.invoked_subcommand is not None:
        return
    rows = _rows()
    if as_json:
        emit_json("models", {"models": rows})
        return
    emit_table(
        ("name", "input", "filters", "embedding", "parameters", "int8 bytes", "at hand", "fits"),
        [
            (
                row["name"],
                "x".join(map(str, row["input"])),
                " ".join(map(str, row["filters"])),
                str(row["embedding"]),
                f"{row['parameters']:,}",
                f"{row['int8_bytes']:,}",
                "yes" if row["path"] else "no",
                ", ".join(row["fits"]) or "none",
            )
            for row in rows
        ],
    )


@command.command()
@click.argument("name", shell_complete=complete_member)
@json_option
def pull(name: str, as_json: bool) -> None:
    """Download the weights of NAME into the user cache and check them, unless they are at hand."""
    from edgel3_deploy.models.family import blob_id, member
    from edgel3_deploy.models.locate import MODELS_VARIABLE, downloads_dir, find_weights
    from edgel3_deploy.models.pull import pull as pull_weights

    known = member(name)
    path = find_weights(known)
    if path is not None and path.parent != downloads_dir():
        if path.suffix == ".gz" and blob_id(path.read_bytes()) != known.blob_id:
            raise BadInputError(
                f"{path}: not the file that was published as {name}",
                f"Remove it, or leave {MODELS_VARIABLE} unset.",
            )
    else:
        with ConsoleProgress() as progress:
            path = pull_weights(name, progress=progress)
    if as_json:
        emit_json("model-file", {"name": name, "path": str(path)})
    else:
        click.echo(f"{name}: {path}")
