"""`edgel3-deploy specialize`: train a small student to give a teacher's embedding."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgel3_deploy.cli.completion import complete_model
from edgel3_deploy.cli.options import json_option
from edgel3_deploy.cli.output import emit_table, emit_warnings, require_output
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import UsageError
from edgel3_deploy.wording import counted

if TYPE_CHECKING:
    from edgel3_deploy.compress.specialize import Specialized


class _Finite(click.FloatRange):
    """A number of a range; NaN and infinity, which pass the comparisons, are refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


@click.command()
@click.option(
    "--teacher",
    required=True,
    metavar="WEIGHTS",
    shell_complete=complete_model,
    help="Family name, or EdgeL3 or OpenL3 .h5 or .h5.gz.",
)
@click.option(
    "--audio",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Recordings (WAV, FLAC, OGG, ...) like those of the deployment; repeatable.  "
    "[default: generated sounds]",
)
@click.option(
    "--student",
    default="sea-64",
    show_default=True,
    metavar="sea-64|sea-128|sea-256|W1,W2,W3,W4",
    help="Architecture: a family name, or the filters of the four blocks.",
)
@click.option(
    "--front-end",
    "student_front_end",
    type=click.Choice(["sea", "l3"]),
    default="sea",
    show_default=True,
    help="What the student hears through: 8 kHz, 64 x 50 (sea) or 48 kHz, 256 x 199 (l3).",
)
@click.option(
    "--output",
    "-o",
    default="student.h5",
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the weights; checkpoint and report go beside it.",
)
@click.option(
    "--windows", type=click.IntRange(1), default=200_000, show_default=True, help="Windows to train on."
)
@click.option("--batch-size", type=click.IntRange(2, 4096), default=32, show_default=True)
@click.option("--learning-rate", type=_Finite(0, 1, min_open=True), default=2e-3, show_default=True)
@click.option(
    "--held-out",
    type=_Finite(0, 1, max_open=True),
    default=0.2,
    show_default=True,
    help="Share of the recordings kept from training, for the report.",
)
@click.option(
    "--judge",
    "judges",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Recordings kept from training, also where --audio holds them, instead of a share; repeatable.",
)
@click.option(
    "--map-weight",
    type=_Finite(0),
    default=4.0,
    show_default=True,
    help="Weight of matching the teacher's block outputs, for the first 85 % of the run.",
)
@click.option(
    "--huber",
    type=_Finite(0, min_open=True),
    metavar="DEVIATIONS",
    help="Count errors of a dimension linearly beyond so many of its standard deviations.",
)
@click.option(
    "--start",
    metavar="WEIGHTS",
    shell_complete=complete_model,
    help="Go on from this student, a file or a name, instead of random weights.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@json_option
def command(
    teacher: str,
    audio: tuple[Path, ...],
    student: str,
    student_front_end: str,
    output: Path,
    windows: int,
    batch_size: int,
    learning_rate: float,
    held_out: float,
    judges: tuple[Path, ...],
    map_weight: float,
    huber: float | None,
    start: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Train a student from random weights to give the teacher's embedding (specialized embedding
    approximation).

    An interrupted run continues from its last checkpoint, written every 2 % of the way, when the same command
    is given again. A run that came to its end starts anew and replaces what it wrote.
    """
    from edgel3_deploy.audio.finding import search
    from edgel3_deploy.compress.report import learning_curves, report_json
    from edgel3_deploy.compress.specialize import Request, specialize, student_widths
    from edgel3_deploy.extras import require_extra
    from edgel3_deploy.fileio import locked, write_atomically
    from edgel3_deploy.models.family import model_name
    from edgel3_deploy.models.layout import weight_file
    from edgel3_deploy.models.weights import read_weights
    from edgel3_deploy.train.recordings import apart, scan
    from edgel3_deploy.train.trainer import Recipe

    require_extra("train", "specialize")
    teacher_path = _weights(teacher)
    start_path = _weights(start) if start is not None else None
    require_output(output, ".h5", (teacher_path, start_path))
    widths = student_widths(student)
    found, found_judges = search(audio), search(judges)
    recordings, warnings = scan(found.paths)
    judging, about_judges = scan(found_judges.paths)
    recordings = apart(recordings, judging)
    warnings = (*found.warnings, *warnings, *found_judges.warnings, *about_judges)
    emit_warnings(warnings)
    request = Request(
        teacher=read_weights(teacher_path),
        recordings=recordings,
        widths=widths,
        recipe=Recipe(windows=windows, batch_size=batch_size, learning_rate=learning_rate),
        held_out=held_out,
        judges=judging,
        map_weight=map_weight,
        huber=huber,
        seed=seed,
        start=read_weights(start_path) if start_path is not None else None,
        student_front_end=student_front_end,
    )
    checkpoint = output.with_suffix(".checkpoint.npz")
    with locked(checkpoint.with_name(f".{checkpoint.name}.in-use.lock")):
        with ConsoleProgress() as progress:
            result = specialize(request, checkpoint=checkpoint, name=model_name(output), progress=progress)
        report = report_json(request, result, warnings)
        write_atomically(output.with_suffix(".report.json"), report)
        write_atomically(output.with_suffix(".curves.png"), learning_curves(request, result))
        projection = output.with_suffix(".projection.npz")
        if result.projection is not None:
            write_atomically(projection, result.projection.to_bytes())
        else:
            projection.unlink(missing_ok=True)
        write_atomically(output, weight_file(result.network))
        checkpoint.unlink(missing_ok=True)
    if as_json:
        click.echo(report.decode(), nl=False)
        return
    _show(output, result)


def _weights(model: str) -> Path:
    from edgel3_deploy.models.locate import locate

    source = locate(model)
    if source.kind != "weights":
        raise UsageError(f"{source.path} holds no float weights", "Give .h5, .h5.gz or a name.")
    return source.path


def _show(output: Path, result: Specialized) -> None:
    count = len(result.held_out)
    plural = "s" if count > 1 else ""
    kept = f"{count} recording{plural} kept from training" if count else "generated sounds"
    click.echo(
        f"{output}: closeness to the teacher on {counted(result.closeness.windows, 'window')} of {kept}"
    )
    emit_table(
        ("", "cosine median", "5th percentile", "min", "R^2", "relative MSE"),
        [
            (
                name,
                f"{figures.cosine_median:.3f}",
                f"{figures.cosine_p5:.3f}",
                f"{figures.cosine_min:.3f}",
                f"{figures.r2:.2f}",
                f"{figures.relative_mse:.3g}",
            )
            for name, figures in (
                ("mean embedding", result.constant),
                ("before training", result.untrained),
                ("trained", result.closeness),
            )
        ],
    )
    if result.projection is not None:
        click.echo(f"principal components keep {result.projection.explained:.1%} of the teacher's variance")
