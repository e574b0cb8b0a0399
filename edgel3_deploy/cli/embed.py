"""`edgel3-deploy embed`: recordings to embeddings, on this machine or on a Dask cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgel3_deploy.cli.options import calibration_option, json_option, model_option
from edgel3_deploy.cli.output import MOST_WARNINGS, emit_json, emit_warnings
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from edgel3_deploy.embedding.batch import Outcome
    from edgel3_deploy.embedding.model import Arithmetic, EmbeddingModel


@click.command()
@click.argument("recordings", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|DIR...")
@click.option(
    "--output-dir",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to write; subfolders become subfolders.  [default: beside each recording]",
)
@click.option("--suffix", "-x", metavar="TEXT", help="Write NAME_TEXT.npz instead of NAME.npz.")
@model_option
@click.option(
    "--arithmetic",
    type=click.Choice(["float", "board"]),
    help="Floating point, or what a board computes, bit by bit.  [default: float; board for a .tflite]",
)
@calibration_option
@click.option(
    "--hop-size", "-t", type=float, default=0.1, show_default=True, metavar="SECONDS", help="Between windows."
)
@click.option(
    "--center/--no-center",
    default=True,
    show_default=True,
    help="Let timestamps name the middle of windows, or their start.",
)
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes to use.  [default: one a core]")
@click.option(
    "--dask",
    "scheduler",
    metavar="ADDRESS",
    help="Use the Dask cluster with this scheduler, such as tcp://host:8786; implies --parquet.",
)
@click.option(
    "--parquet", is_flag=True, help="Also write all embeddings as one Parquet data set, embeddings.parquet."
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    recordings: tuple[Path, ...],
    output_dir: Path | None,
    suffix: str | None,
    model: str,
    arithmetic: Arithmetic | None,
    calibration: tuple[Path, ...],
    hop_size: float,
    center: bool,
    jobs: int | None,
    scheduler: str | None,
    parquet: bool,
    as_json: bool,
) -> None:
    """Embed recordings: the edgel3 package's .npz (embedding, timestamps) for each.

    Folders are searched for WAV, FLAC, OGG and whatever else libsndfile reads. Given again, the same command
    goes on where it was interrupted: a whole .npz of the same recording, model and settings is kept. A
    recording that cannot be used is told, the others are embedded, and the exit code is 3.
    """
    from edgel3_deploy.audio.clips import hop_samples
    from edgel3_deploy.audio.finding import search
    from edgel3_deploy.embedding.batch import Job, embed_all, plan
    from edgel3_deploy.embedding.cluster import on_cluster
    from edgel3_deploy.embedding.dataset import require_parquet, write_dataset
    from edgel3_deploy.embedding.files import Settings
    from edgel3_deploy.embedding.model import open_model
    from edgel3_deploy.embedding.processes import in_processes, usable_cores
    from edgel3_deploy.fileio import require_writable

    if scheduler is not None and jobs is not None:
        raise UsageError("--jobs has no effect with --dask", "Give one of them: the cluster has its workers.")
    parquet = parquet or scheduler is not None
    mapper = on_cluster(scheduler) if scheduler is not None else in_processes(jobs or usable_cores())
    if parquet:
        require_parquet()
        if output_dir is None:
            raise UsageError("a data set needs a folder of its own", "Add --output-dir DIR.")
    found = search([path.absolute() for path in recordings] if scheduler is not None else recordings)
    folder = output_dir.absolute() if output_dir is not None and scheduler is not None else output_dir
    tasks = plan(found, suffix, folder)
    if folder is not None:
        require_writable(folder)
    settings = Settings(hop_size, center)
    with ConsoleProgress() as progress:
        loaded = open_model(model, arithmetic, calibration, progress)
        hop_samples(loaded.front_end, hop_size)
        outcomes = embed_all(Job(loaded, settings), tasks, mapper, progress)
        done = [outcome.task for outcome in outcomes if not outcome.error]
        dataset = None
        if parquet and folder is not None:
            dataset = write_dataset(folder, done, loaded, settings, progress)
    warnings = (*found.warnings, *loaded.warnings, *(line for each in outcomes for line in each.warnings))
    emit_warnings([_line(warning) for warning in warnings])
    _report(outcomes, loaded, dataset, as_json)
    if len(done) < len(outcomes):
        ctx.exit(int(ExitCode.BAD_INPUT))


def _report(outcomes: list[Outcome], model: EmbeddingModel, dataset: Path | None, as_json: bool) -> None:
    from edgel3_deploy.embedding.files import shown

    failed = [outcome for outcome in outcomes if outcome.error]
    kept = sum(outcome.kept for outcome in outcomes)
    lines = [_line(outcome.error) for outcome in failed[:MOST_WARNINGS]]
    if len(failed) > len(lines):
        lines.append(f"and {len(failed) - len(lines):,} more recordings that cannot be used")
    for line in lines:
        click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
        click.echo(line, err=True)
    if as_json:
        emit_json(
            "embed",
            {
                "model": model.name,
                "arithmetic": model.arithmetic,
                "embedded": len(outcomes) - kept - len(failed),
                "kept": kept,
                "failed": [
                    {"recording": shown(each.task.recording), "error": _line(each.error)} for each in failed
                ],
                "outputs": [shown(each.task.output) for each in outcomes if not each.error],
                "dataset": None if dataset is None else shown(dataset),
            },
        )
        return
    click.echo(
        f"{len(outcomes) - kept - len(failed):,} embedded, {kept:,} kept, {len(failed):,} failed; "
        f"{model.name} in {model.arithmetic} arithmetic, {model.embedding_size} numbers a window"
    )
    if dataset is not None:
        click.echo(f"data set: {shown(dataset)}")


def _line(text: str) -> str:
    """Text with whatever a file's name may hold, as one line that can be printed."""
    printable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in printable)
