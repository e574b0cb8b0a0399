"""`edgel3-deploy head`: labels from embeddings, trained on a data set and judged."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgel3_deploy.cli.groups import Group
from edgel3_deploy.cli.options import calibration_option, json_option, model_option
from edgel3_deploy.cli.output import emit_json, emit_table, emit_warnings, require_output
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import UsageError

if TYPE_CHECKING:
    from edgel3_deploy.head.formats import Format
    from edgel3_deploy.head.metrics import Metrics

_MOST_HIDDEN, _WIDEST = 2, 1024

_data_option = click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the labelled data set.",
)
_format_option = click.option(
    "--format",
    "format_",
    required=True,
    type=click.Choice(["folder", "esc50", "us8k", "sonyc-ust"]),
    help="How labels and folds are given: a subfolder per label, or a data set's own tables.",
)


@click.group(cls=Group)
def command() -> None:
    """Train a head that turns embeddings into labels, and test it."""


@command.command()
@_data_option
@_format_option
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the head; its report goes beside it, as .html.",
)
@model_option
@calibration_option
@click.option(
    "--hold-out",
    "held_out",
    multiple=True,
    metavar="FOLD",
    help="A fold that takes no part, for `head test`; may be given several times.",
)
@click.option(
    "--hidden",
    metavar="WIDTHS",
    help="Widths of the hidden layers, such as 64,32, or none.  [default: chosen inside the training folds]",
)
@click.option(
    "--pool",
    type=click.Choice(["choose", "mean", "max"]),
    default="choose",
    show_default=True,
    help="How windows become clips; `choose` tries both, auto-pool between them, and the geometric mean.",
)
@click.option(
    "--compare-float",
    is_flag=True,
    help="Also judge a head on the float network's embeddings.",
)
@json_option
def train(
    data: Path,
    format_: Format,
    output: Path,
    model: str,
    calibration: tuple[Path, ...],
    held_out: tuple[str, ...],
    hidden: str | None,
    pool: str,
    compare_float: bool,
    as_json: bool,
) -> None:
    """Train a head on a data set, judge it by the official folds, and write it with a report."""
    from edgel3_deploy.fileio import write_atomically
    from edgel3_deploy.head.file import save_head
    from edgel3_deploy.head.pool import MAXIMUM, MEAN, POOLINGS
    from edgel3_deploy.head.report import head_html
    from edgel3_deploy.head.run import TrainRequest, train_head
    from edgel3_deploy.head.train import HIDDEN, Choices

    require_output(output, ".npz", ())
    choices = Choices(
        hidden=HIDDEN if hidden is None else (_widths(hidden),),
        poolings={"choose": POOLINGS, "mean": (MEAN,), "max": (MAXIMUM,)}[pool],
    )
    request = TrainRequest(data, format_, model, calibration, held_out, choices, compare_float)
    with ConsoleProgress() as progress:
        result = train_head(request, progress)
    rows = [
        {"embeddings": embeddings, "head": head, "metrics": metrics}
        for embeddings, head, metrics in result.rows
    ]
    report = output.with_suffix(".html")
    save_head(result.head, output)
    write_atomically(report, head_html(result.head, result.metrics, rows).encode())
    emit_warnings(result.warnings)
    if as_json:
        compared = [{**row, "metrics": row["metrics"].to_json()} for row in rows]  # type: ignore[attr-defined]
        facts = {"path": str(output), "report": str(report), "labels": list(result.head.labels)}
        emit_json(
            "head-train",
            {**facts, **result.metrics.to_json(), "compared": compared, "folds": result.head.folds},
        )
        return
    click.secho(f"{output}: {len(result.head.labels)} labels for {result.head.model_name}", bold=True)
    emit_table(
        ("embeddings", "head", "clips judged"),
        [(embeddings, head, metrics.headline) for embeddings, head, metrics in result.rows],
    )
    click.echo(f"report: {report}")


@command.command()
@click.argument("head", type=click.Path(path_type=Path, dir_okay=False))
@_data_option
@_format_option
@model_option
@calibration_option
@json_option
def test(
    head: Path, data: Path, format_: Format, model: str, calibration: tuple[Path, ...], as_json: bool
) -> None:
    """Judge a head on data that did not train it: clips that did are left out."""
    from edgel3_deploy.head.adapt import locate_head
    from edgel3_deploy.head.file import load_head
    from edgel3_deploy.head.run import judge_head

    loaded, _ = load_head(locate_head(head))
    with ConsoleProgress() as progress:
        result = judge_head(loaded, data, format_, model, calibration=calibration, progress=progress)
    if result.known:
        emit_warnings([f"{result.known} clips took part in the training of this head and were left out"])
    if as_json:
        emit_json(
            "head-test", {**result.metrics.to_json(), "labels": list(loaded.labels), "left_out": result.known}
        )
        return
    click.secho(f"{head}: {result.metrics.headline} on {result.metrics.clips} clips", bold=True)
    _show_confusion(loaded.labels, result.metrics)


def _show_confusion(labels: tuple[str, ...], metrics: Metrics) -> None:
    exclusive = metrics.accuracy is not None
    columns = labels if exclusive else ("rightly not", "wrongly", "missed", "found")
    rows = [
        (label, *(str(count) if count else "-" for count in counts))
        for label, counts in zip(labels, metrics.confusion, strict=True)
    ]
    emit_table(("true \\ found" if exclusive else "label", *(column[:8] for column in columns)), rows)


def _widths(text: str) -> tuple[int, ...]:
    """Widths of hidden layers; UsageError for what is none."""
    parts = [] if text.strip().lower() == "none" else text.split(",")
    usable = all(re.fullmatch(r" *[0-9]{1,9} *", part) and 1 <= int(part) <= _WIDEST for part in parts)
    if len(parts) > _MOST_HIDDEN or not usable:
        raise UsageError(
            f"--hidden {text}", f"Give up to {_MOST_HIDDEN} widths of 1 to {_WIDEST}, such as 64,32, or none."
        )
    return tuple(int(part) for part in parts)
