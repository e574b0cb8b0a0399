"""`edgel3-deploy doctor`: what this machine has and lacks, and who answers on its ports."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from edgel3_deploy.cli.completion import complete_port
from edgel3_deploy.cli.options import add_board, json_option, optional_board_option
from edgel3_deploy.cli.output import emit_json
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from edgel3_deploy.doctor import Finding

_COLOURS = {"ok": "green", "missing": "red", "note": "yellow"}


@click.command()
@optional_board_option("Look at the ways to program this board too, and ask it.")
@click.option(
    "--port",
    metavar="PORT",
    shell_complete=complete_port,
    help="Serial port on which to ask the board.  [default: those that may be the board's]",
)
@json_option
@click.pass_context
def command(ctx: click.Context, board_name: str | None, port: str | None, as_json: bool) -> None:
    """Look for tools, packages, serial ports and permissions, and say how to get what is missing.

    Ends with code 10 if something is missing that even virtual boards need.
    """
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.doctor import examine
    from edgel3_deploy.link.port import AUTO, VIRTUAL

    if port == VIRTUAL:
        raise UsageError(
            "a virtual board has no port to ask before a command starts it",
            "Leave --port out: doctor says in any case whether virtual boards can run.",
        )
    if port is not None and board_name is None:
        raise UsageError("--port alone does not say which board to ask", add_board())
    board = load_board(board_name) if board_name is not None else None
    with ConsoleProgress() as progress:
        report = examine(board, None if port == AUTO else port, progress)
    if as_json:
        emit_json("doctor", report.to_json())
    else:
        for section, findings in groupby(report.findings, lambda finding: finding.section):
            _emit_section(section, list(findings))
        _emit_verdict(report.lacking)
    ctx.exit(int(ExitCode.MISSING_DEPENDENCY if report.lacking else ExitCode.OK))


def _emit_section(title: str, findings: list[Finding]) -> None:
    """Findings under their title, names aligned; what is to be done stands below what it is about."""
    click.secho(title, bold=True)
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        click.secho(f"  {finding.status:<7}", fg=_COLOURS[finding.status], nl=False)
        click.echo(f"  {finding.name:<{width}}  {finding.detail}".rstrip())
        for line in finding.remedy.splitlines():
            click.secho(f"             {line}", dim=True)


def _emit_verdict(lacking: tuple[Finding, ...]) -> None:
    if lacking:
        click.echo(f"missing, even for virtual boards: {', '.join(finding.name for finding in lacking)}")
    else:
        click.echo("ready: everything that virtual boards need is here")
