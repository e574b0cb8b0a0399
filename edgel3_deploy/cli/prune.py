"""`edgel3-deploy prune`: leave out weights, filters or layers, and learn back what that cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgel3_deploy.cli.completion import complete_model
from edgel3_deploy.cli.options import json_option
from edgel3_deploy.cli.output import emit_json, emit_table, emit_warnings, require_output
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import UsageError

if TYPE_CHECKING:
    from edgel3_deploy.compress.pruning import Pruned
    from edgel3_deploy.compress.recovery import Recovered
    from edgel3_deploy.models.network import FloatNetwork

_SENSITIVITY_WINDOWS = {"sea": 24, "l3": 8}
"""A window of L3 costs some hundred times as much as one of SEA."""


@click.command()
@click.option(
    "--model",
    "-m",
    required=True,
    metavar="WEIGHTS",
    shell_complete=complete_model,
    help="Family name, or EdgeL3 or OpenL3 .h5 or .h5.gz.",
)
@click.option(
    "--sparsity",
    metavar="PLAN|S1,...,S8",
    help="Percent left out of each convolution, or a published plan: 53.49, 63.48, 72.29, 87.08, 95.45, "
    "99.0; with --structured: half.",
)
@click.option(
    "--structured", is_flag=True, help="Leave out whole filters of least L1 norm instead of single weights."
)
@click.option(
    "--depth",
    type=click.Choice(["conv7", "conv6", "conv5"]),
    help="Take the embedding from this convolution.",
)
@click.option(
    "--finetune",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Recover by distillation from the dense model, on these recordings and generated sounds.",
)
@click.option(
    "--windows", type=click.IntRange(min=1), default=20_000, show_default=True, help="Windows to recover on."
)
@click.option(
    "--batch-size",
    type=click.IntRange(2, 4096),
    help="Windows in a batch.  [default: 32, fewer for large inputs: 8 for L3]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--sensitivity",
    "sensitivity_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PNG",
    help="Also plot how much each layer minds being pruned.",
)
@click.option(
    "--output",
    "-o",
    default="pruned.h5",
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the weights.",
)
@json_option
def command(
    model: str,
    sparsity: str | None,
    structured: bool,
    depth: str | None,
    finetune: tuple[Path, ...],
    windows: int,
    batch_size: int | None,
    seed: int,
    sensitivity_path: Path | None,
    output: Path,
    as_json: bool,
) -> None:
    """Make a network smaller: sparse (--sparsity), narrower (--sparsity --structured) or shorter
    (--depth).

    An interrupted recovery continues from its last checkpoint, written every 2 % of the way, when the same
    command is given again.
    """
    from edgel3_deploy.audio.finding import search
    from edgel3_deploy.compress.recovery import RECIPE, default_batch_size, recover
    from edgel3_deploy.extras import require_extra
    from edgel3_deploy.fileio import locked, write_atomically
    from edgel3_deploy.models.layout import weight_file
    from edgel3_deploy.models.locate import locate
    from edgel3_deploy.models.weights import read_weights
    from edgel3_deploy.train.recordings import scan

    if (sparsity is None) == (depth is None):
        raise UsageError("prune needs --sparsity or --depth", "Give one of them, not both.")
    if depth is not None and (finetune or structured):
        raise UsageError(
            f"--depth does not go with {'--finetune' if finetune else '--structured'}",
            "A shorter network computes what the whole one does up to there: there is nothing to recover.",
        )
    if finetune:
        require_extra("train", "--finetune")
    if sensitivity_path is not None:
        require_extra("plot", "--sensitivity")
    source = locate(model)
    if source.kind != "weights":
        raise UsageError(f"{source.path} holds no float weights", "Give .h5, .h5.gz or a family name.")
    require_output(output, ".h5", (source.path,))
    if sensitivity_path is not None:
        require_output(sensitivity_path, ".png", ())
    dense = read_weights(source.path)
    pruned = _prune(dense, sparsity, structured, depth)
    found = search(finetune)
    recordings, warnings = scan(found.paths)
    emit_warnings((*found.warnings, *warnings))
    checkpoint = output.with_suffix(".checkpoint.npz")
    recovered = None
    with ConsoleProgress() as progress, locked(checkpoint.with_name(f".{checkpoint.name}.in-use.lock")):
        if sensitivity_path is not None:
            usable = tuple(recording.path for recording in recordings)
            write_atomically(sensitivity_path, _sensitivity_plot(dense, usable, structured, progress))
        if recordings:
            recipe = replace(RECIPE, windows=windows, batch_size=batch_size or default_batch_size(dense))
            recovered = recover(
                dense, pruned, recordings, recipe, seed=seed, checkpoint=checkpoint, progress=progress
            )
        write_atomically(output, weight_file(recovered.network if recovered else pruned.network))
        checkpoint.unlink(missing_ok=True)
    _show(output, pruned, recovered, as_json)


def _prune(dense: FloatNetwork, sparsity: str | None, structured: bool, depth: str | None) -> Pruned:
    from edgel3_deploy.compress.pruning import (
        PLANS,
        WIDTH_PLANS,
        cut_depth,
        parse_plan,
        prune_filters,
        prune_weights,
    )

    if sparsity is None:
        return cut_depth(dense, depth or "")
    if structured:
        return prune_filters(dense, parse_plan(sparsity, WIDTH_PLANS, len(dense.convs)))
    return prune_weights(dense, parse_plan(sparsity, PLANS, len(dense.convs)))


def _sensitivity_plot(
    dense: FloatNetwork, recordings: tuple[Path, ...], structured: bool, progress: ConsoleProgress
) -> bytes:
    from edgel3_deploy.audio.frontend import front_end
    from edgel3_deploy.compress.sensitivity import sensitivity, sensitivity_plot
    from edgel3_deploy.quantize.calibration import calibration_set, spread

    limit = _SENSITIVITY_WINDOWS[dense.front_end]
    chosen = tuple(recordings[index] for index in spread(len(recordings), limit))
    windows = calibration_set(chosen, front_end(dense.front_end), limit).spectrograms
    return sensitivity_plot(sensitivity(dense, windows, structured=structured, progress=progress))


def _show(output: Path, pruned: Pruned, recovered: Recovered | None, as_json: bool) -> None:
    widths = [len(indices) for indices in pruned.kept]
    if as_json:
        content = {
            "path": str(output),
            "sparsity": pruned.sparsity,
            "widths": widths,
            "pruned": recovered.pruned.to_json() if recovered else None,
            "recovered": recovered.recovered.to_json() if recovered else None,
            "held_out": list(recovered.held_out) if recovered else None,
        }
        emit_json("prune", content)
        return
    weights = sum(conv.weights.size for conv in pruned.network.convs)
    click.echo(
        f"{output}: {weights:,} weights, {pruned.sparsity:.2%} of them zero, "
        f"filters {' '.join(map(str, widths))}"
    )
    if recovered is not None:
        click.echo(
            f"closeness to the dense network on {recovered.pruned.windows} windows kept from training:"
        )
        rows = [
            (name, f"{figures.cosine_median:.3f}", f"{figures.cosine_p5:.3f}", f"{figures.relative_mse:.2f}")
            for name, figures in (("pruned", recovered.pruned), ("recovered", recovered.recovered))
        ]
        emit_table(("", "cosine median", "5th percentile", "relative MSE"), rows)
