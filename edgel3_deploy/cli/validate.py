"""`edgel3-deploy validate`: does the board compute what the reference computes."""

from __future__ import annotations

from pathlib import Path

import click

from edgel3_deploy.cli.options import (
    board_option,
    build_dir_option,
    build_directory,
    json_option,
    port_option,
)
from edgel3_deploy.cli.output import emit_json, emit_warnings
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import ExitCode, UsageError


@click.command()
@board_option
@port_option
@click.option(
    "--audio",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE...",
    help="Recordings (WAV, FLAC, OGG, ...); may be given several times.  [default: generated sounds]",
)
@click.argument("more_audio", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to write it.  [default: build/BOARD/report]",
)
@click.option("--limit", type=click.IntRange(min=1), help="Stop after this many windows.")
@click.option(
    "--every-layer",
    is_flag=True,
    help="Compare every layer's output in every window, not only in each recording's first.",
)
@click.option(
    "--inputs",
    metavar="FILE.npy",
    type=click.Path(path_type=Path),
    help="Send these inputs instead of recordings: int8 or real numbers, one input after the other.",
)
@click.option(
    "--trace",
    is_flag=True,
    help="Compare every boundary of every window, from PCM to embedding, and name the first that differs.",
)
@click.option(
    "--protocol",
    type=click.Choice(["edgel3", "mlperf"]),
    default="edgel3",
    show_default=True,
    help="How windows go in and results come out: frames with checksums, or MLPerf Tiny's text commands, "
    "for an image built with --console mlperf.",
)
@build_dir_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    board_name: str,
    port: str | None,
    audio: tuple[Path, ...],
    more_audio: tuple[Path, ...],
    report: Path | None,
    limit: int | None,
    every_layer: bool,
    trace: bool,
    protocol: str,
    inputs: Path | None,
    build_dir: Path | None,
    as_json: bool,
) -> None:
    """Run audio through the board and compare every output with TFLite Micro and with the float network."""
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.fileio import require_writable
    from edgel3_deploy.pipeline.prepared import load_build_for
    from edgel3_deploy.report import summary, write_report
    from edgel3_deploy.validate import validate_build

    board = load_board(board_name)
    if not port:
        raise UsageError("validation needs a port", "Add --port /dev/ttyACM0, or --port virtual.")
    if protocol == "mlperf" and (trace or every_layer):
        raise UsageError(
            "MLPerf's console shows no layers", "Leave out --trace and --every-layer, or --protocol."
        )
    directory = build_directory(board.name, build_dir)
    build = load_build_for(board, directory)
    target = report if report is not None else directory / "report"
    require_writable(target)
    with ConsoleProgress() as progress:
        result = validate_build(
            build,
            port,
            [*audio, *more_audio],
            limit=limit,
            every_layer=every_layer or trace,
            by_console=protocol == "mlperf",
            inputs=inputs,
            progress=progress,
        )
        progress("writing the report")
        content = write_report(result, target)
    emit_warnings(result.warnings)
    if as_json:
        emit_json("report", content)
    else:
        for line in summary(result):
            click.echo(line)
        if trace:
            click.echo(f"trace    {result.first_difference or 'no boundary differs'}")
        passed = result.verdict == "pass"
        click.secho(f"verdict: {result.verdict}", bold=True, fg="green" if passed else "red")
        click.echo(f"report: {target / 'report.html'}")
    if result.verdict != "pass":
        ctx.exit(int(ExitCode.VALIDATION_FAILED))
